// SPDX-License-Identifier: Apache-2.0
// Counts per day as stacked bars.
import { svg } from './dom.js';
import { labelTone } from './labels.js';

/** @typedef {{ day: string, counts: Map<string, number>, total: number }} Day */
/** @typedef {{ left: number, width: number, scale: number }} Place of one day's bar */

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 34; // where the numbers are
const BASE = HEIGHT - 24; // the days' names are below
const TOP = 12;
const GAP = 8;

/**
 * One day's labels, one upon the other.
 * @param {string[]} labels
 * @param {Day} day
 * @param {Place} place
 */
function stack(labels, { counts }, { left, width, scale }) {
  let top = BASE;
  return labels.flatMap((label) => {
    const size = (counts.get(label) ?? 0) * scale;
    if (size === 0) return [];
    top -= size;
    const box = { x: left, y: top, width, height: Math.max(size - 1, 1), rx: 2 };
    return [svg('rect', { ...box, 'data-tone': labelTone(labels, label) })];
  });
}

/**
 * Lines with numbers at nothing, the half and the most.
 * @param {number} most
 * @param {number} scale
 */
function grid(most, scale) {
  return [0, most / 2, most].flatMap((value) => {
    const y = BASE - value * scale;
    const text = { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' };
    return [svg('line', { x1: LEFT, x2: WIDTH, y1: y, y2: y }), svg('text', text, String(value))];
  });
}

/** To an even number of ones, tens, hundreds and so on: so has its half. @param {number} most */
function roundUp(most) {
  const unit = 2 * 10 ** Math.floor(Math.log10(most));
  return Math.ceil(most / unit) * unit;
}

/**
 * @param {string[]} labels
 * @param {Day[]} days the oldest first
 */
export function dayChart(labels, days) {
  const most = roundUp(Math.max(4, ...days.map(({ total }) => total)));
  const step = (WIDTH - LEFT) / days.length;
  const scale = (BASE - TOP) / most;
  const bars = days.flatMap((day, i) =>
    stack(labels, day, { left: LEFT + i * step + GAP / 2, width: step - GAP, scale }),
  );
  const names = days.flatMap(({ day }, i) => {
    const place = { x: LEFT + (i + 0.5) * step, y: HEIGHT - 6, 'text-anchor': 'middle' };
    return i % 2 === 1 ? [svg('text', place, day)] : [];
  });
  const shape = {
    class: 'days',
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    role: 'img',
    'aria-label': 'Emails of each label on each of the last days; the table shows the numbers',
  };
  return svg('svg', shape, ...grid(most, scale), ...bars, ...names);
}
