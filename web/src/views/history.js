// SPDX-License-Identifier: Apache-2.0
// What was classified on this device, if somebody wants that kept.
import { chosen, DataTable, figureTable, scroller } from '../components.js';
import { dayChart } from '../day_chart.js';
import { byId, empty, h, inputById, sentence, tiles, toast } from '../dom.js';
import { count, labelChip, labelName, percent, sourceName } from '../labels.js';
import { changeSettings, settings } from '../settings.js';
import { all, clear } from '../store.js';

/** @typedef {import('../types.d.ts').App} App */
/** @typedef {import('../types.d.ts').HistoryEntry} HistoryEntry */
/** @typedef {import('../day_chart.js').Day} Day */

const DAYS = 14;

const dayName = (/** @type {number} */ time) =>
  new Date(time).toLocaleDateString('en', { day: 'numeric', month: 'short' });

/** The last days, the oldest first. @param {HistoryEntry[]} entries @returns {Day[]} */
function byDay(entries) {
  const days = Array.from({ length: DAYS }, (_, i) => {
    const date = new Date();
    date.setDate(date.getDate() - (DAYS - 1 - i));
    return { day: dayName(date.getTime()), counts: new Map(), total: 0 };
  });
  for (const { time, label } of entries) {
    const day =
      Date.now() - time < DAYS * 86_400_000 && days.find((one) => one.day === dayName(time));
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
    this.#table = new DataTable('History', this.#columns(), () =>
      empty('history', 'Nothing yet', 'Classify an email, and it appears here.'),
    );
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
      byId('history-body').replaceChildren(
        h(
          'div',
          { class: 'card' },
          settings().history
            ? empty(
                'history',
                'Nothing yet',
                'Classify an email, and it appears here with its label.',
              )
            : empty(
                'lock',
                'Nothing is kept',
                'Emails are read and forgotten. Switch the history on to see counts per label over time.',
              ),
        ),
      );
      return;
    }
    const review = this.#entries.filter((entry) => entry.needs_review).length;
    const mean =
      this.#entries.reduce((sum, { confidence }) => sum + confidence, 0) / this.#entries.length;
    byId('history-body').replaceChildren(
      h(
        'dl',
        { class: 'tiles' },
        ...tiles([
          ['Emails', count(this.#entries.length)],
          ['For a person', percent(review / this.#entries.length), `${count(review)} in all`],
          ['Mean confidence', percent(mean)],
          ['Since', dayName(this.#entries[0].time)],
        ]),
      ),
      this.#chartCard(),
      h('section', { class: 'card' }, h('h2', {}, 'Latest'), this.#table.element),
    );
    this.#table.setRows(this.#entries.toReversed());
  }

  #chartCard() {
    const body = h('div');
    const draw = () => {
      const table = chosen('history-chart') === 'table';
      body.replaceChildren(...(table ? [this.#dayTable()] : [this.#dayChart(), this.#legend()]));
    };
    const choice = (/** @type {string} */ value, /** @type {string} */ text, checked = false) => {
      const input = h('input', { type: 'radio', name: 'history-chart', value, checked });
      input.addEventListener('change', draw);
      return h('label', {}, input, h('span', {}, text));
    };
    const choices = h(
      'div',
      { class: 'segments no-print', role: 'radiogroup', 'aria-label': 'Show as' },
      choice('chart', 'Chart', true),
      choice('table', 'Table'),
    );
    body.append(this.#dayChart(), this.#legend());
    const title = h('h2', {}, `The last ${DAYS} days`);
    return h('section', { class: 'card' }, h('div', { class: 'card-head' }, title, choices), body);
  }

  #legend() {
    const labels = this.#labels();
    return h(
      'ul',
      { class: 'legend' },
      ...labels.map((label) => h('li', {}, labelChip(labels, label))),
    );
  }

  #dayChart() {
    return scroller('Chart of the last days', dayChart(this.#labels(), byDay(this.#entries)));
  }

  #dayTable() {
    const labels = this.#labels();
    return figureTable(
      'Emails of each day',
      ['Day', ...labels.map(labelName)],
      byDay(this.#entries).map(({ day, counts }) => [
        day,
        ...labels.map((label) => count(counts.get(label) ?? 0)),
      ]),
    );
  }

  /** @returns {import('../components.js').Column<HistoryEntry>[]} */
  #columns() {
    return [
      {
        title: 'When',
        value: (row) => row.time,
        cell: (row) =>
          h(
            'time',
            {},
            new Date(row.time).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' }),
          ),
      },
      {
        title: 'Subject',
        value: (row) => row.subject.toLowerCase(),
        cell: (row) => h('div', { class: 'clip' }, row.subject),
      },
      {
        title: 'Label',
        value: (row) => row.label,
        cell: (row) => labelChip(this.#labels(), row.label),
      },
      {
        title: 'Confidence',
        number: true,
        value: (row) => row.confidence,
        cell: (row) => percent(row.confidence),
      },
      {
        title: 'By',
        value: (row) => row.source,
        cell: (row) => h('span', { class: 'soft small' }, sourceName(row.source)),
      },
    ];
  }
}
