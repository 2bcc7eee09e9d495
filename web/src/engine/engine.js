// SPDX-License-Identifier: Apache-2.0
// The one place that knows who answers and in what state that is. A worker that crashes is
// replaced, and the call that met it is tried once more.
import { keepForOffline } from 'page:assets';
import { isAbort, sentence } from '../dom.js';
import { settings, token } from '../settings.js';
import { startBrowser } from './browser.js';
import { startServer } from './server.js';

/** @typedef {import('../types.d.ts').Backend} Backend */
/** @typedef {import('../types.d.ts').CallOptions} CallOptions */
/** @typedef {import('../types.d.ts').Email} Email */
/** @typedef {import('../types.d.ts').EngineStatus} EngineStatus */

const CRASHES = 3; // in so many milliseconds, and it is not tried again by itself
const CRASH_WINDOW_MS = 300_000;

/** @param {any} error of loading the model */
function modelProblem(error) {
  return error.code === 'download'
    ? sentence(error)
    : `The model cannot be used: ${sentence(error).replace(/\.$/, '')}.`;
}

/** Events: "status" whenever `status` changed, "recovered" after a crash. */
export class Engine extends EventTarget {
  /** @type {EngineStatus} */
  status = { phase: 'starting', where: 'browser', loaded: 0, total: 0, problem: '' };
  /** @type {Promise<Backend> | undefined} */
  #backend;
  /** @type {Backend | undefined} */
  #current;
  #generation = 0;
  /** @type {number[]} */
  #crashes = [];

  /** The model's facts; none before the engine has started. */
  get model() {
    return this.#current?.model;
  }

  get messageMax() {
    return this.#current?.messageMax;
  }

  /** Starts, or starts again, what the settings ask for. */
  start() {
    const generation = ++this.#generation;
    this.#current?.close();
    this.#current = undefined;
    const { where, address } = settings();
    this.#report(generation, { phase: 'starting', where, loaded: 0, total: 0, problem: '' });
    this.#backend =
      where === 'server' ? this.#startServer(generation, address) : this.#startBrowser(generation);
    this.#backend.catch(() => {}); // told by the status
  }

  /** Resolves when the model answers, or when it is certain that it will not. */
  async settled() {
    while (this.status.phase === 'starting' || this.status.phase === 'loading') {
      await new Promise((resolve) => this.addEventListener('status', resolve, { once: true }));
    }
  }

  /** @param {Email} email @param {CallOptions} [options] */
  classify(email, options) {
    return this.#withRecovery((backend) => backend.classify(email, options));
  }

  /** @param {Email[]} emails @param {CallOptions} [options] */
  classifyBatch(emails, options) {
    return this.#withRecovery((backend) => backend.classifyBatch(emails, options));
  }

  /** @param {Email} email @param {CallOptions} [options] */
  explain(email, options) {
    return this.#withRecovery((backend) => backend.explain(email, options));
  }

  /** @param {number} generation @param {string} address */
  async #startServer(generation, address) {
    try {
      return this.#use(generation, await startServer(address, token()), 'ready');
    } catch (error) {
      this.#report(generation, { phase: 'failed', problem: sentence(error) });
      throw error;
    }
  }

  /** @param {number} generation */
  async #startBrowser(generation) {
    try {
      const { backend, ready } = await startBrowser((loaded, total) => {
        // May come before the backend is handed out.
        this.#report(generation, { loaded, total, phase: 'loading' });
      });
      ready.then(
        (variant) => {
          this.#report(generation, { phase: 'ready' });
          return keepForOffline(variant);
        },
        (error) => {
          if (error.code === 'closed' || this.#recover(generation, error)) return;
          this.#report(generation, {
            phase: 'failed',
            problem: `${modelProblem(error)} Key-word rules answer meanwhile.`,
          });
        },
      );
      return this.#use(generation, backend, 'loading');
    } catch (error) {
      this.#report(generation, {
        phase: 'failed',
        problem: `The engine could not be started. ${sentence(error)}`,
      });
      throw error;
    }
  }

  /** @param {number} generation @param {Backend} backend @param {EngineStatus['phase']} phase */
  #use(generation, backend, phase) {
    if (generation !== this.#generation) backend.close();
    else this.#current = backend;
    this.#report(generation, { phase });
    return backend;
  }

  /** @param {number} generation @param {Partial<EngineStatus>} changes */
  #report(generation, changes) {
    if (generation !== this.#generation) return;
    this.status = { ...this.status, ...changes };
    this.dispatchEvent(new Event('status'));
  }

  /** @template T @param {(backend: Backend) => Promise<T>} action @returns {Promise<T>} */
  async #withRecovery(action) {
    const generation = this.#generation;
    const backend = await /** @type {Promise<Backend>} */ (this.#backend);
    try {
      return await action(backend);
    } catch (error) {
      if (isAbort(error) || !this.#recover(generation, error)) throw error;
      return action(await /** @type {Promise<Backend>} */ (this.#backend));
    }
  }

  /**
   * True when the call may be tried again with the backend there is now.
   * @param {number} generation the one that failed @param {any} error
   */
  #recover(generation, error) {
    if (error?.code !== 'worker' && error?.code !== 'closed') return false;
    if (generation !== this.#generation) return true; // somebody else's call met the crash first
    const now = performance.now();
    this.#crashes = [...this.#crashes.filter((time) => now - time < CRASH_WINDOW_MS), now];
    if (this.#crashes.length > CRASHES) {
      this.#backend = Promise.reject(error); // until somebody starts it again
      this.#backend.catch(() => {});
      this.#report(generation, {
        phase: 'failed',
        problem: 'The engine stopped several times in a row.',
      });
      return false;
    }
    this.start();
    this.dispatchEvent(new Event('recovered'));
    return true;
  }
}
