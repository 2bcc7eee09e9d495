// SPDX-License-Identifier: Apache-2.0
// Accuracy on emails whose labels are known.
import { BatchRun } from '../batch_run.js';
import {
  compactDropzone,
  DataTable,
  figureTable,
  filePicker,
  scroller,
  showProgress,
} from '../components.js';
import { announce, byId, download, empty, h, inputById, note, sentence, tiles } from '../dom.js';
import { count, labelChip, labelName, percent, plural } from '../labels.js';
import { readFiles } from '../mail/read_files.js';
import { accuracy, atThreshold, confusion, macroF1, perLabel } from '../metrics.js';
import { trainingSet } from '../training_set.js';

/** @typedef {import('../types.d.ts').App} App */
/** @typedef {import('../types.d.ts').MailItem} MailItem */
/** @typedef {import('../metrics.js').Judged & MailItem & { label: string }} Mistake */

/**
 * A cell as dark as its share of the emails of its row.
 * @param {number} n
 * @param {number} support emails of the row
 * @param {boolean} right on the diagonal
 */
function matrixCell(n, support, right) {
  const kind = right ? 'right' : 'wrong';
  const cell = h('td', { 'data-kind': n === 0 ? 'none' : kind }, count(n));
  cell.style.setProperty('--share', String(support === 0 ? 0 : n / support));
  return cell;
}

export class EvaluateView {
  #app;
  /** @type {BatchRun | undefined} */
  #run;
  /** @type {Mistake[]} */
  #judged = [];
  #mistakes;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    this.#mistakes = new DataTable('Wrong answers', this.#columns(), () =>
      empty('check', 'Not a single mistake', 'Every email got the label you gave it.'),
    );
    byId('evaluate-mistakes').append(this.#mistakes.element);
    filePicker('evaluate-open', 'evaluate-file', (files) => this.drop(files));
    byId('evaluate-training').addEventListener('click', () => this.#fromTraining());
    byId('evaluate-cancel').addEventListener('click', () => this.#run?.cancel());
    byId('evaluate-json').addEventListener('click', () => this.#downloadReport());
    inputById('threshold').addEventListener('input', () => this.#drawThreshold());
    byId('threshold-reset').addEventListener('click', () => this.#resetThreshold());
  }

  /** @param {File[]} files */
  async drop(files) {
    byId('evaluate-notes').replaceChildren(note('info', 'Reading …'));
    const { items, problems } = await readFiles(files);
    byId('evaluate-notes').replaceChildren(...problems.map((problem) => note('bad', problem)));
    if (items.length > 0) await this.#start(items);
  }

  async #fromTraining() {
    try {
      const examples = await trainingSet.list();
      byId('evaluate-notes').replaceChildren();
      if (examples.length === 0)
        this.#say('warn', 'There is no training data in this browser yet.');
      else await this.#start(examples.map((example) => ({ ...example, origin: 'training data' })));
    } catch (error) {
      this.#say('bad', sentence(error));
    }
  }

  /** @param {'warn' | 'bad'} kind @param {string} text */
  #say(kind, text) {
    byId('evaluate-notes').append(note(kind, text));
  }

  /** @param {MailItem[]} items */
  async #start(items) {
    await this.#app.engine.settled();
    const labels = this.#app.engine.model?.labels ?? [];
    const byName = new Map(labels.map((label) => [label.toLowerCase(), label]));
    const known = items.flatMap((item) => {
      const label = byName.get(item.label?.toLowerCase() ?? '');
      return label ? [{ ...item, label }] : [];
    });
    if (known.length < items.length) {
      this.#say(
        known.length === 0 ? 'bad' : 'warn',
        `${plural(items.length - known.length, 'email')} without one of the model’s labels (${labels.join(', ')}) left out.`,
      );
    }
    if (known.length > 0) this.#evaluate(known);
  }

  /** @param {(MailItem & { label: string })[]} items */
  #evaluate(items) {
    this.#run?.cancel();
    const run = new BatchRun(this.#app.engine, items);
    this.#run = run;
    byId('evaluate-results').hidden = true;
    byId('evaluate-progress').hidden = false;
    compactDropzone('evaluate-drop', true);
    run.addEventListener('progress', () => {
      if (run !== this.#run) return;
      byId('evaluate-progress-title').textContent =
        `Classifying, ${count(run.results.length)} of ${count(items.length)}`;
      showProgress('evaluate-bar', run.results.length, items.length);
      if (run.ended) this.#finish(run, items);
    });
    run.run();
  }

  /** @param {BatchRun} run @param {(MailItem & { label: string })[]} items */
  #finish(run, items) {
    byId('evaluate-progress').hidden = true;
    if (run.state === 'failed') this.#say('bad', run.problem);
    if (run.results.length < items.length)
      this.#say(
        'warn',
        `Stopped early: the figures cover ${count(run.results.length)} of ${plural(items.length, 'email')}.`,
      );
    this.#judged = run.results.flatMap(({ answer }, i) =>
      answer ? [{ ...items[i], predicted: answer.label, confidence: answer.confidence }] : [],
    );
    const refused = run.results.length - this.#judged.length;
    if (refused > 0)
      this.#say(
        'warn',
        `${plural(refused, 'email')} refused (too short, too long, or no text), left out.`,
      );
    if (run.results.some(({ answer }) => answer?.fallback_used))
      this.#say('bad', 'The model is not there: these are the figures of the key-word rules.');
    if (this.#judged.length === 0) return;
    this.#draw();
    announce(`Evaluated. ${percent(accuracy(this.#judged))} right.`);
  }

  #draw() {
    const labels = this.#app.engine.model?.labels ?? [];
    const matrix = confusion(labels, this.#judged);
    const figures = perLabel(matrix);
    const wrong = this.#judged.filter(({ label, predicted }) => label !== predicted);
    byId('evaluate-results').hidden = false;
    byId('evaluate-tiles').replaceChildren(
      ...tiles([
        [
          'Right',
          percent(accuracy(this.#judged)),
          `${count(this.#judged.length - wrong.length)} of ${count(this.#judged.length)}`,
        ],
        ['Macro F1', macroF1(figures).toFixed(3), 'mean of the labels that occur'],
        ['Wrong', count(wrong.length)],
      ]),
    );
    byId('evaluate-classes').replaceChildren(this.#classTable(labels, figures));
    byId('evaluate-matrix').replaceChildren(this.#matrixTable(labels, matrix));
    this.#mistakes.setRows(wrong);
    this.#resetThreshold();
  }

  #resetThreshold() {
    inputById('threshold').value = String(this.#app.engine.model?.reviewThreshold ?? 0.9);
    this.#drawThreshold();
  }

  #drawThreshold() {
    const threshold = Number(inputById('threshold').value);
    const what = atThreshold(this.#judged, threshold);
    byId('threshold-value').textContent = percent(threshold);
    byId('threshold-tiles').replaceChildren(
      ...tiles([
        [
          'Answered by itself',
          percent(what.coverage),
          `${count(this.#judged.length - what.reviewed)} emails`,
        ],
        [
          'Of those right',
          what.coverage === 0 ? '–' : percent(what.accuracy),
          `${plural(what.slipped, 'mistake')} slipped through`,
        ],
        ['For a person', count(what.reviewed), `${plural(what.caught, 'mistake')} caught`],
      ]),
    );
  }

  /** @param {string[]} labels @param {ReturnType<typeof perLabel>} figures */
  #classTable(labels, figures) {
    return figureTable(
      'Figures of each label',
      ['Label', 'Precision', 'Recall', 'F1', 'Emails'],
      figures.map(({ precision, recall, f1, support }, i) => [
        labelChip(labels, labels[i]),
        ...[precision, recall, f1].map((value) => (support ? value.toFixed(3) : '–')),
        count(support),
      ]),
    );
  }

  /** @param {string[]} labels @param {number[][]} matrix */
  #matrixTable(labels, matrix) {
    const short = (/** @type {string} */ label) => labelName(label.replace(/^Car(?=[A-Z])/, ''));
    const columns = labels.map((label) => h('th', { scope: 'col' }, short(label)));
    const corner = h('td', { 'data-kind': 'corner' }, 'yours ↓  model →');
    const rows = matrix.map((row, i) => {
      const support = row.reduce((sum, n) => sum + n, 0);
      const cells = row.map((n, j) => matrixCell(n, support, i === j));
      return h('tr', {}, h('th', { scope: 'row' }, short(labels[i])), ...cells);
    });
    const table = h(
      'table',
      { class: 'matrix' },
      h('caption', { class: 'visually-hidden' }, 'Rows: your label. Columns: the model’s.'),
      h('thead', {}, h('tr', {}, corner, ...columns)),
      h('tbody', {}, ...rows),
    );
    return scroller('Your labels against the model’s', table);
  }

  /** @returns {import('../components.js').Column<Mistake>[]} */
  #columns() {
    const labels = () => this.#app.engine.model?.labels ?? [];
    return [
      {
        title: 'Subject',
        value: (row) => row.subject.toLowerCase(),
        cell: (row) => h('div', { class: 'clip', title: row.origin }, row.subject),
      },
      { title: 'Yours', value: (row) => row.label, cell: (row) => labelChip(labels(), row.label) },
      {
        title: 'The model’s',
        value: (row) => row.predicted,
        cell: (row) => labelChip(labels(), row.predicted),
      },
      {
        title: 'Confidence',
        number: true,
        value: (row) => row.confidence,
        cell: (row) => percent(row.confidence),
      },
      {
        title: 'Action',
        quiet: true,
        cell: (row) =>
          h(
            'button',
            {
              class: 'button button-small',
              type: 'button',
              'aria-label': `Open ${row.subject} in Classify`,
              onclick: () => this.#app.openEmail(row),
            },
            'Open',
          ),
      },
    ];
  }

  // Figures only: no text of an email.
  #downloadReport() {
    const labels = this.#app.engine.model?.labels ?? [];
    const matrix = confusion(labels, this.#judged);
    const figures = perLabel(matrix);
    const report = {
      model_version: this.#app.engine.model?.version,
      emails: this.#judged.length,
      accuracy: accuracy(this.#judged),
      macro_f1: macroF1(figures),
      classes: Object.fromEntries(labels.map((label, i) => [label, figures[i]])),
      labels,
      confusion: matrix,
      review_threshold: Number(inputById('threshold').value),
      at_threshold: atThreshold(this.#judged, Number(inputById('threshold').value)),
    };
    download('evaluation.json', 'application/json', `${JSON.stringify(report, null, 1)}\n`);
  }
}
