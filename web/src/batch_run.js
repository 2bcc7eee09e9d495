// SPDX-License-Identifier: Apache-2.0
// A run over many emails that can be paused, resumed and cancelled; what is done stays done.
import { isAbort, sentence } from './dom.js';

/** @typedef {import('./types.d.ts').MailItem} MailItem */
/** @typedef {import('./types.d.ts').Result} Result */

const SLICE = 32; // emails between two looks at pause and cancel

/** Event "progress" whenever state or results changed. */
export class BatchRun extends EventTarget {
  /** @type {'waiting' | 'running' | 'paused' | 'cancelled' | 'failed' | 'done'} */
  state = 'waiting';
  /** @type {Result[]} in the order of the emails, as far as it has come */
  results = [];
  problem = '';
  /** Milliseconds of work, pauses left out. */
  elapsed = 0;
  #engine;
  #abort = new AbortController();
  #working = false;

  /** @param {import('./engine/engine.js').Engine} engine @param {MailItem[]} emails */
  constructor(engine, emails) {
    super();
    this.#engine = engine;
    this.emails = emails;
  }

  get ended() {
    return ['cancelled', 'failed', 'done'].includes(this.state);
  }

  /** Runs, or goes on after pause() or a failure, until nothing is left or somebody stops it. */
  async run() {
    this.#set('waiting');
    await this.#engine.settled();
    if (!this.#is('waiting')) return; // paused or cancelled meanwhile
    this.#set('running');
    // The slice that was on its way when it was paused may still be; it is not asked for twice.
    if (!this.#working) await this.#work();
  }

  async #work() {
    this.#working = true;
    try {
      while (this.#is('running') && this.results.length < this.emails.length) await this.#slice();
      if (this.#is('running')) this.#set('done');
    } catch (error) {
      if (isAbort(error)) return;
      this.problem = sentence(error);
      this.#set('failed');
    } finally {
      this.#working = false;
    }
  }

  async #slice() {
    const start = performance.now();
    const from = this.results.length;
    const slice = this.emails
      .slice(from, from + SLICE)
      .map(({ subject, message }) => ({ subject, message }));
    const results = await this.#engine.classifyBatch(slice, { signal: this.#abort.signal });
    this.results.push(...results);
    this.elapsed += performance.now() - start;
    this.dispatchEvent(new Event('progress'));
  }

  pause() {
    if (!this.ended) this.#set('paused');
  }

  cancel() {
    if (this.ended) return;
    this.#set('cancelled');
    this.#abort.abort();
  }

  /** @param {BatchRun['state']} state */
  #is(state) {
    return this.state === state;
  }

  /** @param {BatchRun['state']} state */
  #set(state) {
    this.state = state;
    this.dispatchEvent(new Event('progress'));
  }
}
