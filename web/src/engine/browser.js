// SPDX-License-Identifier: Apache-2.0
// The backend in this browser: the email-classifier package, whose work is done in a worker.
import { createClassifier } from 'email-classifier';
import { engineOptions, modelBytes } from 'page:assets';
import { factsOf } from './facts.js';

/** @typedef {import('../types.d.ts').Backend} Backend */

/**
 * Starts the engine. Rules answer at once; the model follows.
 * @param {(loaded: number, total: number) => void} onProgress bytes of the model
 * @returns {Promise<{ backend: Backend, ready: Promise<string> }>} ready: the engine's variant, once
 *   the model answers
 */
export async function startBrowser(onProgress) {
  const classifier = await createClassifier({
    ...(await engineOptions()),
    waitForModel: false,
    onProgress: ({ loaded, total }) => onProgress(loaded, total || modelBytes),
  });
  const backend = {
    get model() {
      return factsOf(classifier.modelInfo);
    },
    messageMax: classifier.limits.message_max,
    classify: classifier.classify.bind(classifier),
    classifyBatch: classifier.classifyBatch.bind(classifier),
    explain: classifier.explain.bind(classifier),
    close: () => classifier.close(),
  };
  return { backend, ready: classifier.modelReady.then((info) => info.engine.variant) };
}
