// SPDX-License-Identifier: Apache-2.0
import { ClassifierError, fromRecord } from './errors.js';

/**
 * A worker of either kind, as the index of browsers or of Node wraps it.
 * @typedef {object} WorkerPort
 * @property {(message: object) => void} post
 * @property {(receive: (message: any) => void, fail: (reason: string) => void) => void} listen
 * @property {() => void} terminate
 * @property {(busy: boolean) => void} [setBusy] whether somebody waits for an answer
 */

/**
 * @typedef {object} Pending
 * @property {(result: any) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {((progress: any) => void) | undefined} onProgress
 */

/** The page's side of the worker: one promise a request. */
export class Client {
  #port;
  #next = 1;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  /** @type {ClassifierError | undefined} */
  #ended;

  /** @param {WorkerPort} port */
  constructor(port) {
    this.#port = port;
    port.listen(
      (message) => this.#receive(message),
      (reason) =>
        this.end(new ClassifierError('worker', `The classifier's worker stopped: ${reason}`)),
    );
  }

  /**
   * @param {string} method
   * @param {unknown} [params]
   * @param {{ signal?: AbortSignal, onProgress?: (progress: any) => void }} [options]
   * @returns {Promise<any>}
   */
  request(method, params, { signal, onProgress } = {}) {
    if (this.#ended) {
      return Promise.reject(this.#ended);
    }
    if (signal?.aborted) {
      return Promise.reject(signal.reason);
    }
    const id = this.#next++;
    const answer = new Promise((resolve, reject) =>
      this.#pending.set(id, { resolve, reject, onProgress }),
    );
    this.#port.setBusy?.(true);
    this.#port.post({ id, method, params });
    return signal ? this.#cancellable(id, answer, signal) : answer;
  }

  /**
   * @param {number} id
   * @param {Promise<any>} answer
   * @param {AbortSignal} signal
   */
  async #cancellable(id, answer, signal) {
    const cancel = () => {
      this.#port.post({ id, abort: true });
      this.#take(id)?.reject(signal.reason);
    };
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await answer;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /**
   * Stops the worker; all that wait, and all that ask later, get this error.
   * @param {ClassifierError} error
   */
  end(error) {
    if (this.#ended) {
      return;
    }
    this.#ended = error;
    this.#port.terminate();
    for (const { reject } of this.#pending.values()) {
      reject(error);
    }
    this.#pending.clear();
  }

  /** @param {number} id */
  #take(id) {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) {
      this.#port.setBusy?.(false);
    }
    return pending;
  }

  /** @param {{ id: number, result?: any, error?: any, progress?: any }} message */
  #receive({ id, result, error, progress }) {
    if (progress !== undefined) {
      this.#pending.get(id)?.onProgress?.(progress);
      return;
    }
    const pending = this.#take(id);
    if (error === undefined) {
      pending?.resolve(result);
      return;
    }
    pending?.reject(fromRecord(error));
    if (error.code === 'worker') {
      this.end(fromRecord(error)); // a module that trapped must not be used again
    }
  }
}
