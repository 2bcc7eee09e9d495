// SPDX-License-Identifier: Apache-2.0
// How good a set of answers is, against the labels people gave.

/** @typedef {{ label: string, predicted: string, confidence: number }} Judged */

/** @param {number} part @param {number} whole */
const ratio = (part, whole) => (whole === 0 ? 0 : part / whole);

/**
 * @param {string[]} labels @param {Judged[]} judged
 * @returns {number[][]} [label of the person][label of the model]
 */
export function confusion(labels, judged) {
  const matrix = labels.map(() => labels.map(() => 0));
  for (const { label, predicted } of judged)
    matrix[labels.indexOf(label)][labels.indexOf(predicted)]++;
  return matrix;
}

/** Precision, recall, F1 and support of each label. @param {number[][]} matrix */
export function perLabel(matrix) {
  return matrix.map((row, i) => {
    const right = row[i];
    const support = row.reduce((sum, n) => sum + n, 0);
    const precision = ratio(
      right,
      matrix.reduce((sum, other) => sum + other[i], 0),
    );
    const recall = ratio(right, support);
    return { precision, recall, f1: ratio(2 * precision * recall, precision + recall), support };
  });
}

/** @param {Judged[]} judged */
export const accuracy = (judged) =>
  ratio(judged.filter(({ label, predicted }) => label === predicted).length, judged.length);

/** The mean F1 of the labels that occur. @param {ReturnType<typeof perLabel>} figures */
export function macroF1(figures) {
  const present = figures.filter(({ support }) => support > 0);
  return ratio(
    present.reduce((sum, { f1 }) => sum + f1, 0),
    present.length,
  );
}

/**
 * What a review threshold would do: how many answers go out by themselves, how many of those are
 * right, and how many mistakes a person would catch.
 * @param {Judged[]} judged @param {number} threshold
 */
export function atThreshold(judged, threshold) {
  const passed = judged.filter(({ confidence }) => confidence >= threshold);
  const wrong = (/** @type {Judged[]} */ list) =>
    list.filter(({ label, predicted }) => label !== predicted).length;
  return {
    coverage: ratio(passed.length, judged.length),
    accuracy: accuracy(passed),
    slipped: wrong(passed),
    caught: wrong(judged) - wrong(passed),
    reviewed: judged.length - passed.length,
  };
}
