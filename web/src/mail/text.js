// SPDX-License-Identifier: Apache-2.0
// Bytes of a text file as text.

/**
 * UTF-8, or Windows-1252 where it is not: what spreadsheets on Windows still write.
 * @param {BufferSource} bytes
 */
export function decode(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
