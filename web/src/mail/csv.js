// SPDX-License-Identifier: Apache-2.0
// Writing CSV that no spreadsheet takes for a program: a cell that begins like a formula gets an
// apostrophe in front, which reading takes away again.

const FORMULA = /^[=+\-@\t\r]/;

/** @param {unknown} value */
function cell(value) {
  const text = value === undefined || value === null ? '' : String(value);
  const guarded = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
  return /["\r\n,;']/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/** @param {string} text */
export const unguard = (text) => (/^'[=+\-@\t\r]/.test(text) ? text.slice(1) : text);

/**
 * @param {string[]} header
 * @param {unknown[][]} rows
 * @returns {string} RFC 4180, with a BOM for spreadsheets
 */
export function writeCsv(header, rows) {
  return `\uFEFF${[header, ...rows].map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}
