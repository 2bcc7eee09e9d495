// SPDX-License-Identifier: Apache-2.0
// What was classified on this device, if somebody wants that kept.
import { chosen, DataTable } from '../components.js';
import { byId, empty, h, inputById, sentence, svg, tiles, toast } from '../dom.js';
import { count, labelChip, labelName, labelTone, percent, sourceName } from '../labels.js';
import { changeSettings, settings } from '../settings.js';
import { all, clear } from '../store.js';

/** @typedef {import('../types.d.ts').App} App */
/** @typedef {import('../types.d.ts').HistoryEntry} HistoryEntry */
/** @typedef {{ day: string, counts: Map<string, number>, total: number }} Day */

const DAYS = 14;
const CHART = { width: 720, height: 220, left: 34, bottom: 24, gap: 8 };

const dayName = (/** @type {number} */ time) => new Date(time).toLocaleDateString('en', { day: 'numeric', month: 'short' });

/** The last days, the oldest first. @param {HistoryEntry[]} entries @returns {Day[]} */
function byDay(entries) {
  const days = Array.from({ length: DAYS }, (_, i) => {
    const date = new Date();
    date.setDate(date.getDate() - (DAYS - 1 - i));
    return { day: dayName(date.getTime()), counts: new Map(), total: 0 };
  });
  for (const { time, label } of entries) {
    const day = Date.now() - time < DAYS * 86_400_000 && days.find((one) => one.day === dayName(time));
    if (!day) continue;
    day.counts.set(label, (day.counts.get(label) ?? 0) + 1);
    day.total++;
  }
  return days;
}

export class HistoryView {
  #app;
  /** @type {HistoryEntry[]} */
  #entries = [];
  #table;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    this.#table = new DataTable('History', this.#columns(), () => empty('history', 'Nothing yet', 'Classify an email, and it appears here.'));
    const toggle = inputById('history-on');
    toggle.addEventListener('change', () => {
      changeSettings({ history: toggle.checked });
      this.show();
    });
    byId('history-erase').addEventListener('click', () => this.#erase());
  }

  async show() {
    inputById('history-on').checked = settings().history;
    try {
      this.#entries = await all('history');
      this.#render();
    } catch (error) {
      byId('history-body').replaceChildren(empty('history', 'No history here', sentence(error)));
    }
  }

  async #erase() {
    try {
      await clear('history');
      toast('The history is erased.');
    } catch (error) {
      toast(sentence(error));
    }
    this.show();
  }

  #labels() {
    const known = this.#app.engine.model?.labels ?? [];
    return [...new Set([...known, ...this.#entries.map(({ label }) => label)])];
  }

  #render() {
    byId('history-erase').hidden = this.#entries.length === 0;
    if (this.#entries.length === 0) {
      byId('history-body').replaceChildren(h('div', { class: 'card' }, settings().history
        ? empty('history', 'Nothing yet', 'Classify an email, and it appears here with its label.')
        : empty('lock', 'Nothing is kept', 'Emails are read and forgotten. Switch the history on to see counts per label over time.')));
      return;
    }
    const review = this.#entries.filter((entry) => entry.needs_review).length;
    const mean = this.#entries.reduce((sum, { confidence }) => sum + confidence, 0) / this.#entries.length;
    byId('history-body').replaceChildren(
      h('dl', { class: 'tiles' }, ...tiles([
        ['Emails', count(this.#entries.length)],
        ['For a person', percent(review / this.#entries.length), `${count(review)} in all`],
        ['Mean confidence', percent(mean)],
        ['Since', dayName(this.#entries[0].time)],
      ])),
      this.#chartCard(),
      h('section', { class: 'card' }, h('h2', {}, 'Latest'), this.#table.element),
    );
    this.#table.setRows(this.#entries.toReversed());
  }

  #chartCard() {
    const body = h('div');
    const choice = (/** @type {string} */ value, /** @type {string} */ text) => h('label', {},
      h('input', { type: 'radio', name: 'history-chart', value, checked: value === (chosen('history-chart') || 'chart') }), h('span', {}, text));
    const card = h('section', { class: 'card' }, h('div', { class: 'card-head' }, h('h2', {}, `The last ${DAYS} days`),
      h('div', { class: 'segments no-print', role: 'radiogroup', 'aria-label': 'Show as' }, choice('chart', 'Chart'), choice('table', 'Table'))), body);
    const draw = () => {
      const table = /** @type {HTMLInputElement} */ (card.querySelector('input[value="table"]')).checked;
      body.replaceChildren(...(table ? [this.#dayTable()] : [h('div', { class: 'table-wrap', tabindex: '0', role: 'region', 'aria-label': 'Chart of the last days' }, this.#dayChart()), this.#legend()]));
    };
    card.addEventListener('change', draw);
    draw();
    return card;
  }

  #legend() {
    const labels = this.#labels();
    return h('ul', { class: 'legend' }, ...labels.map((label) => h('li', {}, labelChip(labels, label))));
  }

  #dayChart() {
    const { width, height, left, bottom, gap } = CHART;
    const labels = this.#labels();
    const days = byDay(this.#entries);
    const most = Math.max(4, ...days.map(({ total }) => total));
    const step = (width - left) / days.length;
    const scale = (height - bottom - 12) / most;
    const bars = days.flatMap(({ day, counts }, i) => {
      let top = height - bottom;
      const parts = labels.flatMap((label) => {
        const size = (counts.get(label) ?? 0) * scale;
        if (size === 0) return [];
        top -= size;
        return [svg('rect', { x: left + i * step + gap / 2, y: top, width: step - gap, height: Math.max(size - 1, 1), rx: 2, 'data-tone': labelTone(labels, label) })];
      });
      const name = i % 2 === 1 ? [svg('text', { x: left + (i + 0.5) * step, y: height - 6, 'text-anchor': 'middle' }, day)] : [];
      return [...parts, ...name];
    });
    const lines = [0, 0.5, 1].flatMap((part) => {
      const y = height - bottom - part * most * scale;
      return [svg('line', { x1: left, x2: width, y1: y, y2: y }),
        svg('text', { x: left - 8, y: y + 4, 'text-anchor': 'end' }, String(Math.round(part * most)))];
    });
    return svg('svg', { class: 'days', viewBox: `0 0 ${width} ${height}`, role: 'img',
      'aria-label': 'Emails of each label on each of the last days; the table shows the numbers' }, ...lines, ...bars);
  }

  #dayTable() {
    const labels = this.#labels();
    return h('div', { class: 'table-wrap', tabindex: '0', role: 'region', 'aria-label': 'Emails of each day' }, h('table', { class: 'table' },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Day'), ...labels.map((label) => h('th', { scope: 'col', class: 'number' }, labelName(label))))),
      h('tbody', {}, ...byDay(this.#entries).map(({ day, counts }) => h('tr', {}, h('th', { scope: 'row' }, day),
        ...labels.map((label) => h('td', { class: 'number' }, count(counts.get(label) ?? 0))))))));
  }

  /** @returns {import('../components.js').Column<HistoryEntry>[]} */
  #columns() {
    return [
      { title: 'When', value: (row) => row.time, cell: (row) => h('time', {}, new Date(row.time).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' })) },
      { title: 'Subject', value: (row) => row.subject.toLowerCase(), cell: (row) => h('div', { class: 'clip' }, row.subject) },
      { title: 'Label', value: (row) => row.label, cell: (row) => labelChip(this.#labels(), row.label) },
      { title: 'Confidence', number: true, value: (row) => row.confidence, cell: (row) => percent(row.confidence) },
      { title: 'By', value: (row) => row.source, cell: (row) => h('span', { class: 'soft small' }, sourceName(row.source)) },
    ];
  }
}
