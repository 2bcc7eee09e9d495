// SPDX-License-Identifier: Apache-2.0
// The few helpers through which the page touches its document.

/**
 * The element with this id, which the page's HTML must have.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no element #${id}`);
  return /** @type {T} */ (element);
}

/** @param {string} id */
export const inputById = (id) => /** @type {HTMLInputElement} */ (byId(id));
/** @param {string} id */
export const selectById = (id) => /** @type {HTMLSelectElement} */ (byId(id));

/**
 * Makes an element. Properties with a dash or of ARIA become attributes, functions listeners.
 * Text is always text: nothing here parses HTML.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElement}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value;
    else if (name in element && !name.includes('-')) /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node | string} children
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** An icon of the sprite; decoration only. @param {string} name */
export function icon(name) {
  return svg('svg', { class: 'icon', 'aria-hidden': 'true' }, svg('use', { href: `#i-${name}` }));
}

/**
 * A boxed remark.
 * @param {'info' | 'lock' | 'warn' | 'bad' | 'good'} kind
 * @param {...(Node | string)} children
 */
export function note(kind, ...children) {
  const picture = { info: 'info', lock: 'lock', warn: 'warn', bad: 'warn', good: 'check' }[kind];
  return h('div', { class: 'note', 'data-kind': kind }, icon(picture), h('div', {}, ...children));
}

/**
 * What a view shows while it has nothing.
 * @param {string} picture
 * @param {string} title
 * @param {string} text
 */
export function empty(picture, title, text) {
  return h(
    'div',
    { class: 'empty' },
    icon(picture),
    h('p', { class: 'empty-title' }, title),
    h('p', {}, text),
  );
}

/** @param {[string, string, string?][]} tiles name, value, remark */
export function tiles(tiles) {
  return tiles.map(([name, value, remark]) =>
    h(
      'div',
      { class: 'tile' },
      h('dt', {}, name),
      h('dd', {}, value),
      remark ? h('dd', {}, remark) : null,
    ),
  );
}

/** @param {[string, string][]} facts */
export function facts(facts) {
  return facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
}

/** Says something to screen readers without moving the focus. @param {string} text */
export function announce(text) {
  byId('announcer').textContent = text;
}

/**
 * A short message in the corner that leaves by itself, with at most one action.
 * @param {string} text
 * @param {{label: string, run: () => void, stays?: boolean}} [action]
 */
export function toast(text, action) {
  const box = h('div', { class: 'toast' }, h('span', {}, text));
  const leave = () => box.remove();
  if (action) {
    const run = () => {
      leave();
      action.run();
    };
    box.append(
      h('button', { class: 'button button-small', type: 'button', onclick: run }, action.label),
    );
  }
  box.append(
    h(
      'button',
      {
        class: 'button button-icon button-small',
        type: 'button',
        'aria-label': 'Dismiss',
        onclick: leave,
      },
      icon('clear'),
    ),
  );
  byId('toasts').replaceChildren(box);
  if (!action?.stays) setTimeout(leave, 8000);
}

/**
 * Hands the text to the browser as a file to save.
 * @param {string} name @param {string} type @param {string} text
 */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** @param {unknown} error */
export const isAbort = (error) => error instanceof Error && error.name === 'AbortError';

/** The sentence of an error. @param {unknown} error */
export const sentence = (error) => (error instanceof Error ? error.message : String(error));
