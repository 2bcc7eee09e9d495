// SPDX-License-Identifier: Apache-2.0
// From the core's explanations, which the HTTP API gives too, to those of JavaScript.

/** @typedef {import('./classifier.js').Answer} Answer */
/** @typedef {import('./classifier.js').Email} Email */
/** @typedef {import('./classifier.js').ExplainedAnswer} ExplainedAnswer */
/** @typedef {import('./classifier.js').Explanation} Explanation */
/** @typedef {import('./classifier.js').Sentence} Sentence */

/**
 * The core counts bytes of UTF-8, JavaScript UTF-16 units: two for what takes four bytes, else one.
 * @param {Email} email
 * @returns {(sentence: Sentence) => Sentence}
 */
function toStringIndices(email) {
  const encoder = new TextEncoder();
  const bytes = { subject: encoder.encode(email.subject), message: encoder.encode(email.message) };
  return (sentence) => {
    const index = (/** @type {number} */ offset) => {
      let units = 0;
      for (const byte of bytes[sentence.field].subarray(0, offset)) {
        units += byte >= 0xf0 ? 2 : (byte & 0xc0) === 0x80 ? 0 : 1;
      }
      return units;
    };
    return { ...sentence, start: index(sentence.start), end: index(sentence.end) };
  };
}

/**
 * What Classifier.explain gives, from the answer of the HTTP API to a request with "explain": true.
 * @param {Email} email
 * @param {Answer & { explanation: Explanation }} answer with offsets in bytes
 * @returns {ExplainedAnswer} with indices of the strings
 */
export function explained(email, { explanation, ...answer }) {
  return {
    ...answer,
    ...explanation,
    sentences: explanation.sentences.map(toStringIndices(email)),
  };
}
