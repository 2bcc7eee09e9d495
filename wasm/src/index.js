// SPDX-License-Identifier: Apache-2.0
// email-classifier in browsers.
import { createWith } from './classifier.js';

export { Classifier } from './classifier.js';
export { ClassifierError } from './errors.js';
export { explained } from './explanation.js';

/**
 * @typedef {import('./classifier.js').Answer} Answer
 * @typedef {import('./classifier.js').ClassifierOptions} ClassifierOptions
 * @typedef {import('./classifier.js').Email} Email
 * @typedef {import('./classifier.js').ExplainedAnswer} ExplainedAnswer
 * @typedef {import('./classifier.js').Explanation} Explanation
 * @typedef {import('./classifier.js').LeftOut} LeftOut
 * @typedef {import('./classifier.js').ModelInfo} ModelInfo
 * @typedef {import('./classifier.js').Progress} Progress
 * @typedef {import('./classifier.js').Result} Result
 * @typedef {import('./classifier.js').Sentence} Sentence
 */

// Written out one by one, since bundlers find files by these expressions.
/** @type {Record<string, () => URL>} */
const files = {
  'simd.wasm': () => new URL('./simd.wasm', import.meta.url),
  'relaxed.wasm': () => new URL('./relaxed.wasm', import.meta.url),
  'model.ecm': () => new URL('./model.ecm', import.meta.url),
};

const absoluteUrl = (/** @type {string | URL} */ url) => new URL(url, document.baseURI).href;

/** @type {import('./classifier.js').Platform} */
const platform = {
  absoluteUrl,
  // Files that are not in the list exist only where the package's folder is served as it is.
  fileUrl(name, { baseUrl }) {
    return baseUrl === undefined ? files[name]?.().href : new URL(name, absoluteUrl(baseUrl)).href;
  },
  createWorker(options) {
    const worker = createWorker(options);
    return {
      post: (message) => worker.postMessage(message),
      listen(receive, fail) {
        worker.addEventListener('message', (event) => receive(event.data));
        worker.addEventListener('error', (event) =>
          fail(event.message || 'it could not be loaded.'),
        );
        worker.addEventListener('messageerror', () => fail('it sent what cannot be read.'));
      },
      terminate: () => worker.terminate(),
    };
  },
};

/** @param {import('./classifier.js').ClassifierOptions} options */
function createWorker({ createWorker, baseUrl }) {
  if (createWorker) {
    return createWorker();
  }
  return baseUrl === undefined
    ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
    : new Worker(new URL('worker.js', absoluteUrl(baseUrl)), { type: 'module' });
}

/**
 * Starts a worker with the engine and loads a model into it.
 * @param {import('./classifier.js').ClassifierOptions} [options]
 * @returns {Promise<import('./classifier.js').Classifier>}
 */
export function createClassifier(options = {}) {
  return createWith(platform, options);
}
