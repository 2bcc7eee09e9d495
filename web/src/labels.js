// SPDX-License-Identifier: Apache-2.0
// How labels and confidences are shown. The labels come from the model; the known ones have a
// picture, any other model's get a general one.
import { h, icon } from './dom.js';

const PICTURES = /** @type {Record<string, string>} */ ({
  CarBreakdown: 'breakdown',
  CarCrash: 'crash',
  CarRenewal: 'renewal',
  CarTheft: 'theft',
  CarWindshield: 'windshield',
  Other: 'other',
});
const TONES = 8;

/** "CarTheft" as people write it: "Car theft". @param {string} label */
export function labelName(label) {
  const words = label
    .replace(/[_-]+/g, ' ')
    .replace(/([a-z\d])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} label */
export const labelPicture = (label) => PICTURES[label] ?? 'tag';

/** Index of the label's colour. @param {string[]} labels @param {string} label */
export const labelTone = (labels, label) => Math.max(0, labels.indexOf(label)) % TONES;

/** @param {string[]} labels @param {string} label */
export function labelChip(labels, label) {
  return h(
    'span',
    { class: 'label-chip', 'data-tone': labelTone(labels, label) },
    icon(labelPicture(label)),
    labelName(label),
  );
}

/** 0.9734 as "97.3 %". @param {number} share @param {number} [digits] */
export const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)}\u202f%`;

/** A whole number with separators. @param {number} value */
export const count = (value) => value.toLocaleString('en');

/** @param {number} n @param {string} one @param {string} [many] */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/**
 * A confidence in words: high when the model's own threshold lets it pass without a person.
 * @param {number} confidence @param {number} threshold
 * @returns {'high' | 'medium' | 'low'}
 */
export function confidenceWord(confidence, threshold) {
  if (confidence >= threshold) return 'high';
  return confidence >= threshold * (2 / 3) ? 'medium' : 'low';
}

/** @param {'high' | 'medium' | 'low'} word */
export function confidenceBadge(word) {
  const text = { high: 'High confidence', medium: 'Medium confidence', low: 'Low confidence' }[
    word
  ];
  return h('span', { class: 'badge', 'data-kind': word }, text);
}

/** @param {string} source */
export function sourceName(source) {
  return (
    {
      model: 'the model',
      cache: 'the model, from memory',
      rules: 'key-word rules',
      default: 'no rule either',
    }[source] ?? source
  );
}

/**
 * Why a person should look, in one sentence.
 * @param {import('./types.d.ts').Answer} answer @param {number} threshold
 */
export function reviewReason(answer, threshold) {
  if (answer.source === 'default') return 'Neither the model nor a rule could tell.';
  if (answer.source === 'rules') return 'Only key words were looked at, not the whole text.';
  const [, second] = Object.entries(answer.scores).sort(([, a], [, b]) => b - a);
  if (second && second[1] >= answer.confidence / 3) {
    return `It could also be ${labelName(second[0])} (${percent(second[1], 0)}).`;
  }
  return `It is less sure than the ${percent(threshold)} this model asks for.`;
}

/**
 * One bar of a chart.
 * @param {string[]} labels @param {string} label @param {number} share 0 to 1 @param {string} text
 */
export function barRow(labels, label, share, text) {
  const fill = h('div', { class: 'fill' });
  fill.style.width = `${share * 100}%`;
  return h(
    'li',
    { class: 'bar-row', 'data-tone': labelTone(labels, label) },
    labelChip(labels, label),
    h('div', { class: 'track' }, fill),
    h('span', {}, text),
  );
}
