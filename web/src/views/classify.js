// SPDX-License-Identifier: Apache-2.0
// One email, answered while it is being written.
import { loadSamples } from 'page:assets';
import { filePicker } from '../components.js';
import {
  announce,
  byId,
  h,
  icon,
  inputById,
  isAbort,
  note,
  selectById,
  sentence,
  toast,
} from '../dom.js';
import { logAnswer } from '../history_log.js';
import {
  confidenceBadge,
  confidenceWord,
  count,
  labelChip,
  labelName,
  labelPicture,
  labelTone,
  percent,
  plural,
  reviewReason,
  sourceName,
} from '../labels.js';
import { looksLikeMail } from '../mail/message_kind.js';
import { readFiles, readPasted } from '../mail/read_files.js';
import { settings } from '../settings.js';
import { newId } from '../store.js';
import { trainingSet } from '../training_set.js';
import { SentenceList } from './sentences.js';

/** @typedef {import('../types.d.ts').Answer} Answer */
/** @typedef {import('../types.d.ts').App} App */
/** @typedef {import('../types.d.ts').Email} Email */

const DEBOUNCE_MS = 200;
const EXPLAIN_MS = 500; // of quiet, since it costs a pass for every sentence
const ANNOUNCE_MS = 1200;

const subject = inputById('subject');
const message = /** @type {HTMLTextAreaElement} */ (byId('message'));

/** The view, which also other views open emails in. */
export class ClassifyView {
  #app;
  #sentences = new SentenceList();
  #abort = new AbortController();
  /** @type {Answer | undefined} */
  #answer;
  /** Changes when another email begins, so that the history has one entry for each. */
  #emailId = newId();
  #lastInput = -Infinity;
  /** @type {Record<string, ReturnType<typeof setTimeout>>} */
  #timers = {};
  /** Labels the rows and buttons were made for. */
  #drawn = '';

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    byId('composer').addEventListener('submit', (event) => event.preventDefault());
    byId('composer').addEventListener('input', (event) => {
      if (event.target === subject || event.target === message) this.#typed();
    });
    message.addEventListener('paste', (event) => this.#pasted(event));
    byId('paste-email').addEventListener('click', () => this.#pasteFromClipboard());
    byId('clear-email').addEventListener('click', () => this.#clear());
    filePicker('open-email', 'email-file', (files) => this.drop(files));
    document.addEventListener('keydown', (event) => this.#shortcut(event));
    app.engine.addEventListener('status', () => this.#engineChanged());
    this.#listSamples();
    this.#render();
  }

  /** @param {Email} email */
  open(email) {
    this.#emailId = newId();
    subject.value = email.subject;
    message.value = email.message;
    this.#classify();
  }

  /** @param {File[]} files */
  async drop(files) {
    const { items, problems } = await readFiles(files.slice(0, 1));
    if (problems.length > 0) toast(problems[0]);
    else if (items.length === 1) this.open(items[0]);
    else toast(`${files[0].name} holds ${plural(items.length, 'email')}. Open it in Batch.`);
    if (files.length > 1) toast('One email at a time here. Batch takes any number.');
  }

  /** The first change after some quiet is answered at once, the last of many when it is over. */
  #typed() {
    const now = performance.now();
    const quiet = now - this.#lastInput > DEBOUNCE_MS;
    this.#lastInput = now;
    this.#later(quiet ? 'first' : 'last', quiet ? 0 : DEBOUNCE_MS, () => this.#classify());
  }

  /** @param {string} name @param {number} delay @param {() => void} action */
  #later(name, delay, action) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(action, delay);
  }

  #email() {
    return { subject: subject.value, message: message.value };
  }

  #engineChanged() {
    const { phase } = this.#app.engine.status;
    this.#drawLabels();
    const empty = subject.value === '' && message.value === '';
    if (empty) this.#render();
    else if (phase === 'ready' || phase === 'failed') this.#classify();
  }

  async #listSamples() {
    const picker = selectById('examples');
    const samples = await loadSamples().catch(() => []);
    picker.append(...samples.map((sample, i) => new Option(sample.subject, String(i))));
    picker.addEventListener('change', () => {
      if (picker.value !== '') this.open(samples[Number(picker.value)]);
      picker.value = '';
    });
  }

  /** @param {ClipboardEvent} event */
  async #pasted(event) {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!looksLikeMail(text)) return;
    event.preventDefault();
    this.open(await readPasted(text));
  }

  async #pasteFromClipboard() {
    const text = await navigator.clipboard?.readText().catch(() => undefined);
    if (text === undefined)
      toast(
        'This browser does not hand out the clipboard. Click into the message and press Ctrl+V.',
      );
    else if (looksLikeMail(text)) this.open(await readPasted(text));
    else this.open({ subject: subject.value, message: text });
  }

  #clear() {
    this.open({ subject: '', message: '' });
    subject.focus();
  }

  /** Asks for the answer to what is there now; what was asked before is dropped. */
  async #classify() {
    clearTimeout(this.#timers.last);
    clearTimeout(this.#timers.explain);
    this.#abort.abort();
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    const email = this.#email();
    if (email.subject.trim() === '' && email.message.trim() === '') {
      this.#emailId = newId();
      this.#show(undefined);
      return;
    }
    try {
      const answer = await this.#app.engine.classify(email, { signal });
      if (signal.aborted) return;
      this.#show(answer);
      if (answer.source === 'rules' || answer.source === 'default') return;
      logAnswer(this.#emailId, email.subject, answer);
      this.#later('explain', EXPLAIN_MS, () => this.#explain(email, signal));
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) this.#show(undefined, error);
    }
  }

  /** @param {Email} email @param {AbortSignal} signal */
  async #explain(email, signal) {
    this.#sentences.say('Reading it again without each sentence …');
    try {
      const explanation = await this.#app.engine.explain(email, { signal });
      if (!signal.aborted) this.#sentences.show(email, explanation);
    } catch (error) {
      if (!isAbort(error) && !signal.aborted) this.#sentences.say(sentence(error));
    }
  }

  /** @param {Answer | undefined} answer @param {any} [error] */
  #show(answer, error) {
    this.#answer = answer;
    this.#showHints(error);
    this.#sentences.clear();
    this.#render(error);
    if (answer) this.#later('announce', ANNOUNCE_MS, () => announce(this.#spoken(answer)));
  }

  /** @param {any} error */
  #showHints(error) {
    for (const field of [subject, message]) {
      const mine = error?.field === field.id;
      const unfinished = error?.code === 'too_short';
      const hint = byId(`${field.id}-hint`);
      hint.dataset.kind = mine && !unfinished ? 'error' : '';
      field.setAttribute('aria-invalid', String(mine && !unfinished));
      hint.replaceChildren(mine ? this.#hintText(field, error) : '');
      const limit = this.#app.engine.messageMax;
      if (mine && error.code === 'too_long' && field === message && limit)
        hint.append(' ', this.#shorten(limit));
    }
  }

  /** @param {HTMLElement} field @param {any} error */
  #hintText(field, error) {
    if (error.code !== 'too_short') return sentence(error);
    return field === subject
      ? 'The answer needs a subject too.'
      : 'A few more words, and the answer appears.';
  }

  /** @param {number} limit */
  #shorten(limit) {
    const cut = () =>
      this.open({ ...this.#email(), message: [...message.value.trim()].slice(0, limit).join('') });
    return h(
      'button',
      { class: 'button button-small', type: 'button', onclick: cut },
      `Keep the first ${count(limit)}`,
    );
  }

  /** @param {Answer} answer */
  #spoken(answer) {
    const threshold = this.#app.engine.model?.reviewThreshold ?? 0;
    const word = confidenceWord(answer.confidence, threshold);
    return (
      `${labelName(answer.label)}, ${word} confidence, ${percent(answer.confidence, 0)}.` +
      (answer.needs_review ? ' A person should read it.' : '')
    );
  }

  /** @param {any} [error] */
  #render(error) {
    this.#drawLabels();
    const answer = this.#answer;
    const model = this.#app.engine.model;
    const labels = model?.labels ?? [];
    byId('answer').toggleAttribute('data-empty', !answer);
    byId('answer-label').textContent = answer
      ? labelName(answer.label)
      : error && !error.field
        ? 'No answer'
        : 'Waiting for an email';
    const picture = byId('answer-icon');
    picture.dataset.tone = answer ? String(labelTone(labels, answer.label)) : '';
    picture.replaceChildren(icon(answer ? labelPicture(answer.label) : 'classify'));
    byId('answer-meta').replaceChildren(...this.#meta(answer, error));
    byId('answer-facts').textContent = answer ? this.#facts(answer) : '';
    byId('answer-review').replaceChildren(...this.#review(answer));
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (
      document.querySelectorAll('#answer-bars .bar-row')
    )) {
      const score = answer?.scores[row.dataset.label ?? ''] ?? 0;
      row.toggleAttribute('data-top', answer !== undefined && row.dataset.label === answer.label);
      /** @type {HTMLElement} */ (row.querySelector('.fill')).style.width = `${score * 100}%`;
      /** @type {HTMLElement} */ (row.lastElementChild).textContent = answer ? percent(score) : '–';
    }
  }

  /** @param {Answer | undefined} answer @param {any} error */
  #meta(answer, error) {
    if (!answer) return [error && !error.field ? sentence(error) : 'It appears as you write.'];
    const threshold = this.#app.engine.model?.reviewThreshold ?? 0;
    const provisional = answer.source === 'rules' && this.#app.engine.status.phase === 'loading';
    return [
      h('span', { class: 'answer-confidence' }, percent(answer.confidence)),
      provisional
        ? h('span', { class: 'badge', 'data-kind': 'warn' }, 'Provisional, the model is on its way')
        : confidenceBadge(confidenceWord(answer.confidence, threshold)),
    ];
  }

  /** @param {Answer} answer */
  #facts(answer) {
    const time =
      answer.processing_time_ms === undefined
        ? ''
        : ` in ${answer.processing_time_ms.toFixed(1)} ms`;
    const tokens = answer.tokens > 0 ? `, ${plural(answer.tokens, 'token')}` : '';
    return `Answered by ${sourceName(answer.source)}${time}${tokens}`;
  }

  /** @param {Answer | undefined} answer */
  #review(answer) {
    if (!answer) {
      return [
        this.#app.engine.status.where === 'server'
          ? note('info', 'Emails are sent to the server that you named in Settings.')
          : note('lock', 'Nothing you type or open here leaves this device.'),
      ];
    }
    const threshold = this.#app.engine.model?.reviewThreshold ?? 0;
    if (!answer.needs_review)
      return [
        note(
          'good',
          h('strong', {}, 'No review needed. '),
          `Surer than the ${percent(threshold)} this model asks for.`,
        ),
      ];
    return [
      note('warn', h('strong', {}, 'A person should read it. '), reviewReason(answer, threshold)),
    ];
  }

  /** Bars and buttons for the labels of the model, whenever those changed. */
  #drawLabels() {
    const labels = this.#app.engine.model?.labels ?? [];
    if (labels.join() === this.#drawn) return;
    this.#drawn = labels.join();
    byId('answer-bars').replaceChildren(
      ...labels.map((label, i) =>
        h(
          'li',
          { class: 'bar-row', 'data-label': label, 'data-tone': i % 8 },
          labelChip(labels, label),
          h('div', { class: 'track' }, h('div', { class: 'fill' })),
          h('span', {}, '–'),
        ),
      ),
    );
    byId('corrections').replaceChildren(
      ...labels.map((label, i) =>
        h(
          'button',
          {
            class: 'button button-small',
            type: 'button',
            'data-tone': i % 8,
            onclick: () => this.#correct(label),
          },
          icon(labelPicture(label)),
          labelName(label),
          i < 9 ? h('kbd', { 'aria-hidden': 'true' }, String(i + 1)) : null,
        ),
      ),
    );
  }

  /** @param {string} label */
  async #correct(label) {
    const email = this.#email();
    if (email.subject.trim() === '' || email.message.trim() === '') {
      toast('An example needs a subject and a message.');
      return;
    }
    try {
      const example = await trainingSet.add(email, label, this.#answer?.label);
      toast(`Saved for training as ${labelName(label)}.`, {
        label: 'Undo',
        run: () => trainingSet.remove(example.id),
      });
    } catch (error) {
      toast(`Not saved. ${sentence(error)}`);
    }
  }

  /** @param {KeyboardEvent} event */
  #shortcut(event) {
    const typing =
      event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
    if (
      !settings().shortcuts ||
      byId('view-classify').hidden ||
      event.ctrlKey ||
      event.metaKey ||
      event.altKey !== typing
    )
      return;
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    const label = digit && this.#app.engine.model?.labels[Number(digit) - 1];
    if (!label) return;
    event.preventDefault();
    this.#correct(label);
  }
}
