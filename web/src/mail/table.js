// SPDX-License-Identifier: Apache-2.0
// Emails from tables: .csv with a header line, .jsonl with one object a line. Keys in any case.
import Papa from 'papaparse';
import { unguard } from './csv.js';

/** @typedef {import('../types.d.ts').MailItem} MailItem */

const NEEDED = ['subject', 'message'];

/** @param {string} name of the file @param {string[]} keys */
function checkColumns(name, keys) {
  const missing = NEEDED.filter((key) => !keys.includes(key));
  if (missing.length === 0) return;
  const found = keys.filter(Boolean).slice(0, 8).join(', ') || 'none';
  throw new Error(
    `${name} has no column ${missing.map((key) => `“${key}”`).join(' and ')}. Found: ${found}.`,
  );
}

/**
 * @param {string} name
 * @param {number} row 1 is the first email
 * @param {Record<string, unknown>} record keys in lower case
 * @returns {MailItem}
 */
function itemOf(name, row, record) {
  const text = (/** @type {unknown} */ value) => (typeof value === 'string' ? value : '');
  const label = text(record.label).trim();
  return {
    subject: text(record.subject),
    message: text(record.message),
    origin: `${name}, row ${row}`,
    ...(label && { label }),
  };
}

/** @param {string} name @param {string} text @returns {Generator<MailItem>} */
export function* readCsv(name, text) {
  const { data, errors, meta } = Papa.parse(text, {
    header: true,
    skipEmptyLines: 'greedy',
    transformHeader: (header) => header.trim().toLowerCase(),
  });
  checkColumns(name, meta.fields ?? []);
  const broken = errors.find(({ type }) => type === 'Quotes');
  if (broken)
    throw new Error(`${name}, row ${(broken.row ?? 0) + 1}: a quoted field does not end.`);
  for (const [index, record] of data.entries()) {
    const plain = Object.entries(/** @type {Record<string, unknown>} */ (record)).map(
      ([key, value]) => [key, typeof value === 'string' ? unguard(value) : value],
    );
    yield itemOf(name, index + 1, Object.fromEntries(plain));
  }
}

/** @param {string} name @param {string} text @returns {Generator<MailItem>} */
export function* readJsonl(name, text) {
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue;
    const record = Object.fromEntries(
      Object.entries(parseLine(name, index + 1, line)).map(([key, value]) => [
        key.toLowerCase(),
        value,
      ]),
    );
    checkColumns(`${name}, line ${index + 1},`, Object.keys(record));
    yield itemOf(name, index + 1, record);
  }
}

/** @param {string} name @param {number} number @param {string} line */
function parseLine(name, number, line) {
  try {
    const value = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Said below, without any text of the line.
  }
  throw new Error(`${name}, line ${number}: not a JSON object.`);
}
