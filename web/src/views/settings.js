// SPDX-License-Identifier: Apache-2.0
// Where emails are read, how the page looks, and whether it is what it says it is.
import { loadSamples, pageVersion, singleFile } from 'page:assets';
import { chosen, onChoice } from '../components.js';
import { byId, facts, h, inputById, note, sentence, toast } from '../dom.js';
import { forgetEverything, storageFacts } from '../erase.js';
import { labelName, percent, plural } from '../labels.js';
import { changeSettings, setToken, settings, token } from '../settings.js';
import { applyTheme } from '../theme_switch.js';

/** @typedef {import('../types.d.ts').App} App */
/** @typedef {import('../types.d.ts').Sample} Sample */

const TOLERANCE = 0.002; // of the confidence, between this browser and the native program

export class SettingsView {
  #app;

  /** @param {App} app */
  constructor(app) {
    this.#app = app;
    onChoice('where', (where) => this.#whereChanged(where));
    byId('where-form').addEventListener('submit', (event) => this.#connect(event));
    onChoice('theme', (theme) => applyTheme(/** @type {any} */ (theme)));
    byId('verify').addEventListener('click', () => this.#verify());
    byId('erase-everything').addEventListener('click', () => this.#erase());
    app.engine.addEventListener('status', () => this.#drawEngine());
    byId('where-server-choice').hidden = singleFile;
    byId('single-file').hidden = singleFile;
    this.show();
  }

  async show() {
    const { theme, where, address } = settings();
    for (const [name, value] of [
      ['theme', theme],
      ['where', where],
    ]) {
      const input = /** @type {HTMLInputElement | null} */ (
        document.querySelector(`input[name="${name}"][value="${value}"]`)
      );
      if (input) input.checked = true;
    }
    inputById('server-address').value =
      address || (location.protocol.startsWith('http') ? new URL('./', location.href).href : '');
    inputById('server-token').value = token();
    byId('server-fields').hidden = where !== 'server';
    this.#drawEngine();
    byId('offline-facts').textContent = singleFile
      ? 'This is the page in one file. It needs no server and no network.'
      : navigator.serviceWorker?.controller
        ? 'Saved on this device: the page opens without a network. Your browser can also install it as an app.'
        : 'Is being saved on this device; from the next visit on it opens without a network.';
    byId('storage-facts').textContent = await storageFacts();
  }

  #drawEngine() {
    const { model, status } = this.#app.engine;
    byId('engine-facts').replaceChildren(
      ...facts([...(model?.facts ?? []), ['Page', pageVersion]]),
    );
    if (status.where === 'server') {
      byId('where-hint').dataset.kind = status.phase === 'failed' ? 'error' : '';
      byId('where-hint').textContent =
        status.phase === 'ready'
          ? 'Connected. Emails are sent to this server now.'
          : status.problem || 'Connecting …';
    } else {
      byId('where-hint').textContent = '';
    }
  }

  /** @param {string} where */
  #whereChanged(where) {
    byId('server-fields').hidden = where !== 'server';
    if (where !== 'browser') return;
    changeSettings({ where });
    this.#app.engine.start();
  }

  /** @param {Event} event */
  #connect(event) {
    event.preventDefault();
    if (chosen('where') !== 'server') return;
    const address = inputById('server-address').value.trim();
    if (!URL.canParse(address)) {
      byId('where-hint').dataset.kind = 'error';
      byId('where-hint').textContent = 'The address must look like https://classifier.example.com';
      inputById('server-address').focus();
      return;
    }
    setToken(inputById('server-token').value.trim());
    changeSettings({ where: 'server', address });
    this.#app.engine.start();
  }

  async #verify() {
    const result = byId('verify-result');
    result.replaceChildren(note('info', 'Running …'));
    try {
      await this.#app.engine.settled();
      const samples = await loadSamples();
      const answers = await this.#app.engine.classifyBatch(
        samples.map(({ subject, message }) => ({ subject, message })),
      );
      const failed = samples.flatMap((sample, i) => this.#difference(sample, answers[i]) ?? []);
      result.replaceChildren(
        failed.length === 0
          ? note(
              'good',
              h('strong', {}, 'This build is right. '),
              `All ${plural(samples.length, 'email')} got the native program’s label, with a confidence within ${percent(TOLERANCE)}.`,
            )
          : note(
              'bad',
              h('strong', {}, 'This build differs. '),
              h('ul', {}, ...failed.map((text) => h('li', {}, text))),
            ),
      );
    } catch (error) {
      result.replaceChildren(note('bad', sentence(error)));
    }
  }

  /** @param {Sample} sample @param {import('../types.d.ts').Result} result */
  #difference({ name, label, confidence }, { answer, error }) {
    if (error) return `${name}: ${error.message}`;
    if (answer.source !== 'model' && answer.source !== 'cache')
      return `${name}: answered by rules, since the model is not loaded`;
    const same = answer.label === label && Math.abs(answer.confidence - confidence) <= TOLERANCE;
    return same
      ? undefined
      : `${name}: ${labelName(answer.label)} ${percent(answer.confidence)} instead of ${labelName(label)} ${percent(confidence)}`;
  }

  async #erase() {
    try {
      await forgetEverything();
      applyTheme('system');
      if (this.#app.engine.status.where === 'server') this.#app.engine.start();
      toast('Everything this page stored is erased.');
    } catch (error) {
      toast(sentence(error));
    }
    this.show();
  }
}
