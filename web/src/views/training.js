// SPDX-License-Identifier: Apache-2.0
// Labelled emails for the next training.
import { DataTable } from '../components.js';
import {
  byId,
  download,
  empty,
  h,
  icon,
  inputById,
  selectById,
  sentence,
  tiles,
  toast,
} from '../dom.js';
import { count, labelName, percent } from '../labels.js';
import { writeCsv } from '../mail/csv.js';
import { changeSettings, settings } from '../settings.js';
import { trainingSet } from '../training_set.js';

/** @typedef {import('../types.d.ts').App} App */
/** @typedef {import('../types.d.ts').TrainingExample} TrainingExample */

export class TrainingView {
  #app;
  /** @type {TrainingExample[]} */
  #examples = [];
  #table;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    this.#table = new DataTable('Training examples', this.#columns(), () =>
      empty(
        'training',
        'No examples yet',
        'In Classify, choose the right label of an email: one click, or one key. Or add one below.',
      ),
    );
    byId('training-list').append(this.#table.element);
    byId('training-csv').addEventListener('click', () => this.#downloadCsv());
    byId('training-jsonl').addEventListener('click', () => this.#downloadJsonl());
    byId('training-erase').addEventListener('click', () => this.#change(() => trainingSet.clear()));
    byId('training-form').addEventListener('submit', (event) => this.#add(event));
    const toggle = inputById('shortcuts-on');
    toggle.addEventListener('change', () => changeSettings({ shortcuts: toggle.checked }));
    trainingSet.addEventListener('change', () => this.#load());
    app.engine.addEventListener('status', () => this.#drawLabels());
    this.#load();
  }

  show() {
    inputById('shortcuts-on').checked = settings().shortcuts;
    this.#drawLabels();
    this.#load();
  }

  async #load() {
    try {
      this.#examples = await trainingSet.list();
    } catch {
      this.#examples = []; // the first change says why
    }
    const badge = byId('training-count');
    badge.textContent = count(this.#examples.length);
    badge.hidden = this.#examples.length === 0;
    if (!byId('view-training').hidden) this.#render();
  }

  #render() {
    const judged = this.#examples.filter(({ predicted }) => predicted);
    const agreed = judged.filter(({ predicted, label }) => predicted === label).length;
    const labels = new Set(this.#examples.map(({ label }) => label)).size;
    byId('training-tiles').replaceChildren(
      ...tiles([
        ['Examples', count(this.#examples.length)],
        ['Labels covered', `${labels} of ${this.#app.engine.model?.labels.length ?? 0}`],
        [
          'You agreed with the model',
          judged.length === 0 ? '–' : percent(agreed / judged.length, 0),
          judged.length === 0
            ? 'no example was classified yet'
            : `${count(agreed)} of ${count(judged.length)}`,
        ],
      ]),
    );
    for (const id of ['training-csv', 'training-jsonl', 'training-erase']) {
      /** @type {HTMLButtonElement} */ (byId(id)).disabled = this.#examples.length === 0;
    }
    this.#table.setRows(this.#examples.toReversed());
  }

  #drawLabels() {
    const labels = this.#app.engine.model?.labels ?? [];
    const picker = selectById('example-label');
    if (picker.length === labels.length) return;
    picker.replaceChildren(...this.#options());
    byId('shortcuts').replaceChildren(
      ...labels
        .slice(0, 9)
        .flatMap((label, i) => [
          h('dt', {}, h('kbd', {}, String(i + 1))),
          h('dd', {}, labelName(label)),
        ]),
    );
  }

  #options() {
    return (this.#app.engine.model?.labels ?? []).map(
      (label) => new Option(labelName(label), label),
    );
  }

  /** @param {() => Promise<unknown>} action */
  async #change(action) {
    try {
      await action();
      return true;
    } catch (error) {
      toast(sentence(error));
      return false;
    }
  }

  /** @param {Event} event */
  async #add(event) {
    event.preventDefault();
    const subject = inputById('example-subject');
    const message = inputById('example-message');
    const missing = [subject, message].find(({ value }) => value.trim() === '');
    byId('example-hint').textContent = missing
      ? `The ${missing === subject ? 'subject' : 'message'} is empty.`
      : '';
    if (missing) {
      missing.focus();
      return;
    }
    const label = selectById('example-label').value;
    if (
      !(await this.#change(() =>
        trainingSet.add({ subject: subject.value.trim(), message: message.value.trim() }, label),
      ))
    )
      return;
    byId('example-hint').textContent = `Added as ${labelName(label)}.`;
    subject.value = message.value = '';
    subject.focus();
  }

  /** @returns {import('../components.js').Column<TrainingExample>[]} */
  #columns() {
    return [
      {
        title: 'Subject',
        value: (row) => row.subject.toLowerCase(),
        cell: (row) => h('div', { class: 'clip', title: row.message.slice(0, 300) }, row.subject),
      },
      {
        title: 'The model said',
        value: (row) => row.predicted ?? '',
        cell: (row) => h('span', { class: 'soft' }, row.predicted ? labelName(row.predicted) : '–'),
      },
      { title: 'Label', value: (row) => row.label, cell: (row) => this.#labelPicker(row) },
      {
        title: 'Action',
        quiet: true,
        cell: (row) =>
          h(
            'button',
            {
              class: 'button button-icon',
              type: 'button',
              'aria-label': `Remove ${row.subject}`,
              onclick: () => this.#change(() => trainingSet.remove(row.id)),
            },
            icon('trash'),
          ),
      },
    ];
  }

  /** @param {TrainingExample} row */
  #labelPicker(row) {
    const picker = /** @type {HTMLSelectElement} */ (
      h('select', { class: 'select', 'aria-label': `Label of ${row.subject}` }, ...this.#options())
    );
    picker.value = row.label;
    picker.addEventListener('change', () =>
      this.#change(() => trainingSet.update({ ...row, label: picker.value })),
    );
    return picker;
  }

  // The columns that models/train.py reads.
  #downloadCsv() {
    const rows = this.#examples.map(({ subject, message, label }) => [subject, message, label]);
    download('training.csv', 'text/csv', writeCsv(['subject', 'message', 'label'], rows));
  }

  #downloadJsonl() {
    const lines = this.#examples.map(({ subject, message, label }) =>
      JSON.stringify({ label, subject, message }),
    );
    download('training.jsonl', 'application/x-ndjson', `${lines.join('\n')}\n`);
  }
}
