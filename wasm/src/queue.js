// SPDX-License-Identifier: Apache-2.0

/** Runs one task at a time, urgent ones first. A task that has not begun can be cancelled. */
export class Queue {
  /** @type {(() => Promise<void>)[]} */
  #urgent = [];
  /** @type {(() => Promise<void>)[]} */
  #normal = [];
  #running = false;

  /**
   * @template T
   * @param {() => Promise<T>} task
   * @param {{ urgent?: boolean, signal?: AbortSignal }} [options]
   * @returns {Promise<T>} of the task; rejects with the signal's reason as soon as it is cancelled
   */
  run(task, { urgent = false, signal } = {}) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const cancel = () => reject(/** @type {AbortSignal} */ (signal).reason);
      signal?.addEventListener('abort', cancel, { once: true });
      (urgent ? this.#urgent : this.#normal).push(async () => {
        try {
          if (!signal?.aborted) {
            resolve(await task());
          }
        } catch (error) {
          reject(error);
        } finally {
          signal?.removeEventListener('abort', cancel);
        }
      });
      void this.#drain();
    });
  }

  async #drain() {
    if (this.#running) {
      return;
    }
    this.#running = true;
    for (let task; (task = this.#urgent.shift() ?? this.#normal.shift());) {
      await task();
    }
    this.#running = false;
  }
}
