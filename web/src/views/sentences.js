// SPDX-License-Identifier: Apache-2.0
// Which sentences decided an answer, the heaviest first, and what was not read.
import { byId, h } from '../dom.js';
import { labelName, percent } from '../labels.js';

/** @typedef {import('../types.d.ts').Email} Email */
/** @typedef {import('../types.d.ts').ExplainedAnswer} ExplainedAnswer */
/** @typedef {import('email-classifier').LeftOut} LeftOut */
/** @typedef {import('email-classifier').Sentence} Sentence */

const SHOWN = 3;
const MATTERS = 0.05; // of the probability
const QUOTED = 240; // characters of a very long sentence

const KINDS = {
  quoted: 'quoted mail',
  signature: 'a signature',
  disclaimer: 'a disclaimer',
  banner: 'a mail gateway’s warning',
  header: 'headers of quoted mail',
};

/**
 * A row that names the parts that were not read and unfolds to them; none when all was read.
 * @param {Email} email @param {LeftOut[]} parts
 */
function leftOut(email, parts) {
  if (parts.length === 0) return [];
  const kinds = [...new Set(parts.map(({ kind }) => KINDS[kind]))].join(', ');
  const texts = parts.map(({ start, end }) => h('pre', {}, email.message.slice(start, end)));
  const summary = h('summary', {}, `Not read: ${kinds}`);
  return [h('li', { class: 'left-out soft' }, h('details', {}, summary, ...texts))];
}

/** @param {Email} email @param {Sentence} sentence */
function quote(email, { field, start, end }) {
  const text = email[field].slice(start, end).trim().replace(/\s+/g, ' ');
  return text.length > QUOTED ? `${text.slice(0, QUOTED)} …` : text;
}

export class SentenceList {
  #list = byId('sentences');
  #state = byId('sentences-state');

  constructor() {
    this.clear();
  }

  clear() {
    this.#state.textContent = '';
    this.#list.replaceChildren(
      h(
        'li',
        { class: 'soft' },
        'Each sentence, or a few short ones together, is left out in turn; those whose absence changes the answer most are shown here.',
      ),
    );
  }

  /** @param {string} text */
  say(text) {
    this.#state.textContent = text;
  }

  /** @param {Email} email @param {ExplainedAnswer} explanation */
  show(email, explanation) {
    const heaviest = explanation.sentences
      .filter(({ weight }) => weight > 0)
      .toSorted((a, b) => b.weight - a.weight);
    const decides = heaviest.some(({ weight }) => weight >= MATTERS);
    this.say(
      decides
        ? `Next likely: ${labelName(explanation.runner_up)}, ${percent(explanation.runner_up_confidence)}`
        : `No single sentence decides it${heaviest.length > 0 ? '; these weigh most' : ''}`,
    );
    if (heaviest.length === 0) {
      this.#list.replaceChildren(
        h(
          'li',
          { class: 'soft' },
          'No single sentence matters: the answer stands without any one of them.',
        ),
        ...leftOut(email, explanation.left_out),
      );
      return;
    }
    this.#list.replaceChildren(
      ...heaviest.slice(0, SHOWN).map((one) => this.#row(email, explanation, one)),
      ...leftOut(email, explanation.left_out),
    );
  }

  /** @param {Email} email @param {ExplainedAnswer} explanation @param {Sentence} one */
  #row(email, explanation, one) {
    const flips = one.label_without !== explanation.label;
    const fill = h('div', { class: 'fill' });
    fill.style.width = `${Math.max(0.03, one.weight / explanation.confidence) * 100}%`;
    const where = one.field === 'subject' ? 'Subject: ' : '';
    return h(
      'li',
      { class: 'sentence', 'data-flips': flips },
      h('div', { class: 'track', 'aria-hidden': 'true' }, fill),
      h('div', {}, where, h('q', {}, quote(email, one))),
      h(
        'p',
        { class: 'without number' },
        flips
          ? `Without this sentence it would be ${labelName(one.label_without)} (${percent(one.confidence_without)})`
          : `Without it still ${labelName(one.label_without)}, ${percent(one.confidence_without)}`,
      ),
    );
  }
}
