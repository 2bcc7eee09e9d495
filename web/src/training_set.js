// SPDX-License-Identifier: Apache-2.0
// The labelled emails of this browser. Event "change" whenever they did.
import { all, clear, newId, put, remove } from './store.js';

/** @typedef {import('./types.d.ts').Email} Email */
/** @typedef {import('./types.d.ts').TrainingExample} TrainingExample */

class TrainingSet extends EventTarget {
  /** Oldest first. @returns {Promise<TrainingExample[]>} */
  list() {
    return all('examples');
  }

  /**
   * Keeps an email with the label a person gave it; the same email replaces itself.
   * @param {Email} email @param {string} label @param {string} [predicted]
   * @returns {Promise<TrainingExample>}
   */
  async add({ subject, message }, label, predicted) {
    const same = (await this.list()).find(
      (one) => one.subject === subject && one.message === message,
    );
    const example = {
      id: same?.id ?? newId(),
      time: same?.time ?? Date.now(),
      subject,
      message,
      label,
      predicted: predicted ?? same?.predicted,
    };
    await put('examples', [example]);
    this.#changed();
    return example;
  }

  /** @param {TrainingExample} example */
  async update(example) {
    await put('examples', [example]);
    this.#changed();
  }

  /** @param {string} id */
  async remove(id) {
    await remove('examples', id);
    this.#changed();
  }

  async clear() {
    await clear('examples');
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

export const trainingSet = new TrainingSet();
