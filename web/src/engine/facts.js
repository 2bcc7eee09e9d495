// SPDX-License-Identifier: Apache-2.0
// Facts about model and engine as people read them.
import { count, percent, plural } from '../labels.js';

/** @typedef {import('../types.d.ts').ModelFacts} ModelFacts */
/** @typedef {import('email-classifier').ModelInfo} ModelInfo */

const VARIANTS = /** @type {Record<string, string>} */ ({
  simd: 'WebAssembly SIMD',
  relaxed: 'WebAssembly relaxed SIMD',
});

/** @param {ModelInfo} info @returns {[string, string][]} */
function networkFacts(info) {
  return [
    [
      'Network',
      `BERT, ${info.layer_count} layers, ${info.hidden_size} wide, ${info.attention_heads} heads, int8`,
    ],
    ['Vocabulary', `${count(info.vocabulary_size)} pieces`],
    ['Reads at once', `${count(info.max_tokens)} tokens`],
  ];
}

/** @param {Record<string, any>} metadata @returns {[string, string][]} */
function evaluationFacts(metadata) {
  const { accuracy, macro_f1: f1, emails } = metadata.evaluation ?? {};
  if (typeof accuracy !== 'number') return [];
  const on = typeof emails === 'number' ? ` on ${count(emails)} emails` : '';
  return [
    [
      'On test emails',
      `${percent(accuracy)} right${on}${typeof f1 === 'number' ? `, F1 ${f1.toFixed(3)}` : ''}`,
    ],
  ];
}

/** @param {ModelInfo} info @returns {ModelFacts} */
export function factsOf(info) {
  const { version, variant, threads } = info.engine;
  const engine = `${version}, ${VARIANTS[variant] ?? variant}, ${plural(threads, 'thread')}`;
  return {
    labels: info.labels,
    reviewThreshold: info.review_threshold,
    version: info.version,
    facts:
      info.loaded === false
        ? [
            ['Model', 'not loaded, key-word rules answer'],
            ['Engine', engine],
          ]
        : [
            ['Model', `${info.name} ${info.version}`],
            ...networkFacts(info),
            ...evaluationFacts(info.metadata ?? {}),
            ['Asks a person below', percent(info.review_threshold)],
            ['Digest', info.digest],
            ['Engine', engine],
          ],
  };
}
