// SPDX-License-Identifier: Apache-2.0
// From the core's explanations, which the HTTP API gives too, to those of JavaScript.

/** @typedef {import('./classifier.js').Answer} Answer */
/** @typedef {import('./classifier.js').Email} Email */
/** @typedef {import('./classifier.js').ExplainedAnswer} ExplainedAnswer */
/** @typedef {import('./classifier.js').Explanation} Explanation */

/**
 * The core counts bytes of UTF-8, JavaScript UTF-16 units: two for what takes four bytes, else one.
 * @param {string} text
 * @returns {<T extends { start: number, end: number }>(part: T) => T}
 */
function toStringIndices(text) {
  const bytes = new TextEncoder().encode(text);
  const index = (/** @type {number} */ offset) => {
    let units = 0;
    for (const byte of bytes.subarray(0, offset)) {
      units += byte >= 0xf0 ? 2 : (byte & 0xc0) === 0x80 ? 0 : 1;
    }
    return units;
  };
  return (part) => ({ ...part, start: index(part.start), end: index(part.end) });
}

/**
 * What Classifier.explain gives, from the answer of the HTTP API to a request with "explain": true.
 * @param {Email} email
 * @param {Answer & { explanation: Explanation }} answer with offsets in bytes
 * @returns {ExplainedAnswer} with indices of the strings
 */
export function explained(email, { explanation, ...answer }) {
  const places = {
    subject: toStringIndices(email.subject),
    message: toStringIndices(email.message),
  };
  return {
    ...answer,
    ...explanation,
    sentences: explanation.sentences.map((sentence) => places[sentence.field](sentence)),
    left_out: explanation.left_out.map((part) => places.message(part)),
  };
}
