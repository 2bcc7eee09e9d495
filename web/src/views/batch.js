// SPDX-License-Identifier: Apache-2.0
// Many emails from files: progress, chart, table, downloads.
import { loadSamples } from 'page:assets';
import { BatchRun } from '../batch_run.js';
import {
  chosen,
  compactDropzone,
  DataTable,
  figureTable,
  filePicker,
  onChoice,
  showProgress,
} from '../components.js';
import { announce, byId, download, empty, h, icon, note, selectById, tiles } from '../dom.js';
import { logBatch } from '../history_log.js';
import { barRow, count, labelChip, labelName, percent, plural, sourceName } from '../labels.js';
import { writeCsv } from '../mail/csv.js';
import { readFiles } from '../mail/read_files.js';

/** @typedef {import('../types.d.ts').Answer} Answer */
/** @typedef {import('../types.d.ts').App} App */
/** @typedef {import('../types.d.ts').MailItem} MailItem */
/** @typedef {import('../types.d.ts').Result} Result */
/** @typedef {MailItem & Result & { number: number }} Row */

const REDRAW_MS = 500;
const ANNOUNCED_EMAILS = 500; // screen readers hear of each so many, and when the state changes

export class BatchView {
  #app;
  /** @type {BatchRun | undefined} */
  #run;
  /** @type {Row[]} of the run, as far as it has come */
  #rows = [];
  #table;
  /** @type {ReturnType<typeof setTimeout> | undefined} while there is something to draw */
  #drawing;
  #drawn = 0; // when results were
  #announced = -1; // so many times ANNOUNCED_EMAILS; -1: not running

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    this.#table = new DataTable('Classified emails', this.#columns(), () =>
      empty('batch', 'Nothing here', 'No email is of this kind.'),
    );
    byId('batch-table').append(this.#table.element);
    filePicker('batch-open', 'batch-files', (files) => this.drop(files));
    byId('batch-examples').addEventListener('click', () => this.#examples());
    byId('batch-pause').addEventListener('click', () => this.#pauseOrResume());
    byId('batch-cancel').addEventListener('click', () => this.#run?.cancel());
    byId('batch-csv').addEventListener('click', () => this.#downloadCsv());
    byId('batch-json').addEventListener('click', () => this.#downloadJson());
    byId('batch-filter').addEventListener('change', () => this.#drawTable());
    onChoice('batch-chart', () => this.#drawChart());
  }

  /** @param {File[]} files */
  async drop(files) {
    byId('batch-notes').replaceChildren(note('info', `Reading ${plural(files.length, 'file')} …`));
    const { items, problems } = await readFiles(files);
    byId('batch-notes').replaceChildren(...problems.map((problem) => note('bad', problem)));
    if (items.length > 0) this.#start(items);
    else if (problems.length === 0)
      byId('batch-notes').replaceChildren(note('warn', 'There is no email in it.'));
  }

  async #examples() {
    const samples = await loadSamples();
    byId('batch-notes').replaceChildren();
    this.#start(samples.map(({ subject, message, name }) => ({ subject, message, origin: name })));
  }

  /** @param {MailItem[]} items */
  #start(items) {
    this.#run?.cancel();
    const run = new BatchRun(this.#app.engine, items);
    this.#run = run;
    this.#rows = [];
    this.#announced = -1;
    let logged = 0;
    run.addEventListener('progress', () => {
      if (run !== this.#run) return;
      this.#addRows(run);
      // Not at once, so that the engine gets its next emails first.
      this.#drawing ??= setTimeout(() => this.#draw());
      if (!run.ended) return;
      const answered = this.#rows
        .slice(logged)
        .flatMap(({ subject, answer }) => (answer ? [{ subject, answer }] : []));
      logged = run.results.length;
      logBatch(answered);
    });
    compactDropzone('batch-drop', true);
    this.#fillFilter();
    run.run();
  }

  #pauseOrResume() {
    const run = this.#run;
    if (run?.state === 'running' || run?.state === 'waiting') run.pause();
    else run?.run();
  }

  #draw() {
    this.#drawing = undefined;
    const run = /** @type {BatchRun} */ (this.#run);
    this.#drawProgress(run);
    if (run.ended || performance.now() - this.#drawn > REDRAW_MS) this.#drawResults(run);
  }

  /** @param {BatchRun} run */
  #drawProgress(run) {
    const [done, total] = [run.results.length, run.emails.length];
    const title = {
      waiting: `Waiting for the model, ${plural(total, 'email')}`,
      running: `Classifying, ${count(done)} of ${count(total)}`,
      paused: `Paused at ${count(done)} of ${count(total)}`,
      cancelled: `Cancelled at ${count(done)} of ${count(total)}`,
      failed: `Stopped at ${count(done)} of ${count(total)}`,
      done: `Done, ${plural(total, 'email')}`,
    }[run.state];
    byId('batch-progress').hidden = false;
    byId('batch-progress-title').textContent = title;
    showProgress('batch-bar', done, total);
    const running = run.state === 'running' || run.state === 'waiting';
    const pause = /** @type {HTMLButtonElement} */ (byId('batch-pause'));
    pause.hidden = run.state === 'done' || run.state === 'cancelled';
    pause.replaceChildren(icon(running ? 'pause' : 'play'), running ? 'Pause' : 'Go on');
    byId('batch-cancel').hidden = run.ended;
    byId('batch-rate').textContent = this.#rate(run);
    const step = run.state === 'running' ? Math.floor(done / ANNOUNCED_EMAILS) : -1;
    if (step === -1 || step !== this.#announced) announce(title);
    this.#announced = step;
  }

  /** @param {BatchRun} run */
  #rate(run) {
    if (run.state === 'failed') return run.problem;
    const [done, left] = [run.results.length, run.emails.length - run.results.length];
    if (done === 0) return '';
    const rate = done / (run.elapsed / 1000);
    const rest =
      run.state === 'running' && left > 0
        ? `, about ${plural(Math.ceil(left / rate), 'second')} left`
        : '';
    return `${count(Math.round(rate))} emails a second${rest}`;
  }

  /** @param {BatchRun} run */
  #addRows({ emails, results }) {
    for (let i = this.#rows.length; i < results.length; i++)
      this.#rows.push(/** @type {Row} */ ({ ...emails[i], ...results[i], number: i + 1 }));
  }

  /** @param {BatchRun} run */
  #drawResults(run) {
    this.#drawn = performance.now();
    byId('batch-results').hidden = run.results.length === 0;
    const answers = run.results.flatMap(({ answer }) => answer ?? []);
    const review = answers.filter((answer) => answer.needs_review).length;
    const refused = run.results.length - answers.length;
    const share = (/** @type {number} */ n) =>
      answers.length === 0 ? '' : percent(n / answers.length);
    byId('batch-tiles').replaceChildren(
      ...tiles([
        ['Classified', count(answers.length)],
        ['Sure enough', count(answers.length - review), share(answers.length - review)],
        ['For a person', count(review), share(review)],
        ['Refused', count(refused), refused > 0 ? 'see the table for why' : ''],
      ]),
    );
    if (
      answers.some((answer) => answer.fallback_used) &&
      byId('batch-notes').childElementCount === 0
    ) {
      byId('batch-notes').append(
        note('warn', 'The model is not there: key-word rules answered. Do not rely on these.'),
      );
    }
    this.#drawChart();
    this.#drawTable();
  }

  #labels() {
    return this.#app.engine.model?.labels ?? [];
  }

  #drawChart() {
    const labels = this.#labels();
    const answers = this.#run?.results.flatMap(({ answer }) => answer ?? []) ?? [];
    const numbers = labels.map(
      (label) => answers.filter((answer) => answer.label === label).length,
    );
    const share = (/** @type {number} */ n) => (answers.length === 0 ? 0 : n / answers.length);
    const view = chosen('batch-chart') === 'table' ? this.#countTable : this.#countChart;
    byId('batch-chart').replaceChildren(view(labels, numbers, share));
  }

  /** @param {string[]} labels @param {number[]} numbers @param {(n: number) => number} share */
  #countChart(labels, numbers, share) {
    const most = Math.max(1, ...numbers);
    const rows = labels.map((label, i) => {
      const text = `${count(numbers[i])} · ${percent(share(numbers[i]), 0)}`;
      return barRow(labels, label, numbers[i] / most, text);
    });
    return h('ul', { class: 'bars chart-bars' }, ...rows);
  }

  /** @param {string[]} labels @param {number[]} numbers @param {(n: number) => number} share */
  #countTable(labels, numbers, share) {
    return figureTable(
      'Emails of each label',
      ['Label', 'Emails', 'Share'],
      labels.map((label, i) => [
        labelChip(labels, label),
        count(numbers[i]),
        percent(share(numbers[i])),
      ]),
    );
  }

  #fillFilter() {
    const options = [
      ['all', 'All emails'],
      ['review', 'For a person'],
      ['refused', 'Refused'],
      ...this.#labels().map((label) => [label, labelName(label)]),
    ];
    selectById('batch-filter').replaceChildren(
      ...options.map(([value, text]) => new Option(text, value)),
    );
  }

  #drawTable() {
    const filter = selectById('batch-filter').value;
    this.#table.setRows(
      this.#rows.filter(({ answer }) => {
        if (filter === 'all') return true;
        if (filter === 'review') return answer?.needs_review;
        return filter === 'refused' ? !answer : answer?.label === filter;
      }),
    );
  }

  /** @returns {import('../components.js').Column<Row>[]} */
  #columns() {
    return [
      { title: 'No.', number: true, value: (row) => row.number, cell: (row) => count(row.number) },
      {
        title: 'Subject',
        value: (row) => row.subject.toLowerCase(),
        cell: (row) => h('div', { class: 'clip', title: row.origin }, row.subject || '(none)'),
      },
      {
        title: 'Label',
        value: (row) => row.answer?.label ?? '',
        cell: (row) =>
          row.answer
            ? labelChip(this.#labels(), row.answer.label)
            : h('span', { class: 'badge', 'data-kind': 'bad' }, 'Refused'),
      },
      {
        title: 'Confidence',
        number: true,
        value: (row) => row.answer?.confidence ?? -1,
        cell: (row) => (row.answer ? percent(row.answer.confidence) : ''),
      },
      {
        title: 'Remark',
        value: (row) => this.#remark(row),
        cell: (row) => h('span', { class: 'soft small' }, this.#remark(row)),
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
              'aria-label': `Open email ${row.number} in Classify`,
              onclick: () => this.#app.openEmail(row),
            },
            'Open',
          ),
      },
    ];
  }

  /** @param {Row} row */
  #remark({ answer, error }) {
    if (error) return error.message;
    if (answer?.fallback_used) return `By ${sourceName(answer.source)}`;
    return answer?.needs_review ? 'For a person' : '';
  }

  #downloadCsv() {
    const rows = this.#rows.map(({ subject, message, answer, error }) => [
      subject,
      message,
      answer?.label,
      answer?.confidence,
      answer?.source,
      answer?.needs_review,
      error?.message,
    ]);
    download(
      'classified.csv',
      'text/csv',
      writeCsv(
        ['subject', 'message', 'label', 'confidence', 'source', 'needs_review', 'error'],
        rows,
      ),
    );
  }

  #downloadJson() {
    const emails = this.#rows.map(({ subject, message, origin, answer, error }) => ({
      subject,
      message,
      origin,
      ...(answer ?? { error: { code: error?.code, field: error?.field, message: error?.message } }),
    }));
    const report = { model_version: this.#app.engine.model?.version, emails };
    download('classified.json', 'application/json', `${JSON.stringify(report, null, 1)}\n`);
  }
}
