// SPDX-License-Identifier: Apache-2.0
// email-classifier in Node.
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { createWith } from './classifier.js';

export { Classifier } from './classifier.js';
export { ClassifierError } from './errors.js';
export { explained } from './explanation.js';

/** A path, a file: address, or an address on the network. */
function absoluteUrl(/** @type {string | URL} */ url) {
  return /^[a-z][a-z+.-]+:/i.test(String(url)) ? String(url) : pathToFileURL(String(url)).href;
}

/** @type {import('./classifier.js').Platform} */
const platform = {
  absoluteUrl,
  fileUrl(name, { baseUrl = import.meta.url }) {
    return new URL(name, absoluteUrl(baseUrl)).href;
  },
  createWorker() {
    const worker = new Worker(new URL('./worker.node.js', import.meta.url), { execArgv: [] });
    worker.unref();
    return {
      post: (message) => worker.postMessage(message),
      listen(receive, fail) {
        worker.on('message', receive);
        worker.on('error', (error) => fail(error.message));
        worker.on('messageerror', () => fail('it sent what cannot be read.'));
        worker.on('exit', (code) => fail(`it ended with code ${code}.`));
      },
      terminate: () => void worker.terminate(),
      // A process may end while nobody waits for an answer.
      setBusy: (busy) => (busy ? worker.ref() : worker.unref()),
    };
  },
};

/**
 * Starts a worker with the engine and loads a model into it.
 * @param {import('./classifier.js').ClassifierOptions} [options]
 * @returns {Promise<import('./classifier.js').Classifier>}
 */
export function createClassifier(options = {}) {
  return createWith(platform, options);
}
