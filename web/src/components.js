// SPDX-License-Identifier: Apache-2.0
// Parts that several views share.
import { byId, h } from './dom.js';
import { count } from './labels.js';

const PAGE = 25;

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: Row) => Node | string} cell
 * @property {(row: Row) => string | number} [value] what the column is sorted by; absent: it is not
 * @property {boolean} [number]
 * @property {boolean} [quiet] its title is for screen readers only
 */

/**
 * A table that can be sorted by its headings and shows a page at a time.
 * @template Row
 */
export class DataTable {
  /** @type {Row[]} */
  #rows = [];
  /** @type {Row[]} those that the body has */
  #shown = [];
  #page = 0;
  #sorted = -1;
  #descending = false;
  #body = h('tbody');
  #where = h('span', { class: 'soft small number', role: 'status' });
  /** @type {HTMLElement[]} */
  #heads;
  /** @type {HTMLElement} */
  #pager;

  /** @param {string} caption @param {Column<Row>[]} columns @param {() => Node} whenEmpty */
  constructor(caption, columns, whenEmpty) {
    this.columns = columns;
    this.whenEmpty = whenEmpty;
    this.#heads = columns.map((column, index) => this.#head(column, index));
    const table = h(
      'table',
      { class: 'table' },
      h('caption', { class: 'visually-hidden' }, caption),
      h('thead', {}, h('tr', {}, ...this.#heads)),
      this.#body,
    );
    this.#pager = h(
      'div',
      { class: 'pager' },
      this.#where,
      h('div', { class: 'toolbar' }, this.#turn('Previous', -1), this.#turn('Next', 1)),
    );
    this.scroller = scroller(caption, table);
    this.element = h('div', { class: 'stack' });
  }

  /**
   * Shows these rows; what stands for the same objects as before is left alone, with its focus.
   * @param {Row[]} rows
   */
  setRows(rows) {
    this.#rows = rows;
    this.#page = Math.min(this.#page, Math.max(0, Math.ceil(rows.length / PAGE) - 1));
    this.#render();
  }

  /** @param {Column<Row>} column @param {number} index */
  #head({ title, value, number, quiet }, index) {
    const content = quiet
      ? h('span', { class: 'visually-hidden' }, title)
      : value
        ? h('button', { class: 'sort', type: 'button', onclick: () => this.#sortBy(index) }, title)
        : title;
    return h('th', { scope: 'col', class: number ? 'number' : undefined }, content);
  }

  /** @param {string} name @param {number} step */
  #turn(name, step) {
    const move = () => {
      this.#page += step;
      this.#render();
    };
    return h('button', { class: 'button button-small', type: 'button', onclick: move }, name);
  }

  /** @param {number} index */
  #sortBy(index) {
    this.#descending = this.#sorted === index && !this.#descending;
    this.#sorted = index;
    this.#heads.forEach((head, i) => {
      if (i !== index) head.removeAttribute('aria-sort');
      else head.setAttribute('aria-sort', this.#descending ? 'descending' : 'ascending');
    });
    this.#page = 0;
    this.#render();
  }

  #ordered() {
    const value = this.columns[this.#sorted]?.value;
    if (!value) return this.#rows;
    const sign = this.#descending ? -1 : 1;
    return this.#rows.toSorted((a, b) => {
      const [x, y] = [value(a), value(b)];
      return sign * (x < y ? -1 : Number(x > y));
    });
  }

  /** @param {Row[]} rows */
  #fill(rows) {
    if (rows.length === this.#shown.length && rows.every((row, i) => row === this.#shown[i]))
      return;
    this.#shown = rows;
    this.#body.replaceChildren(
      ...rows.map((row) =>
        h(
          'tr',
          {},
          ...this.columns.map((column) =>
            h('td', { class: column.number ? 'number' : undefined }, column.cell(row)),
          ),
        ),
      ),
    );
  }

  #render() {
    if (this.#rows.length === 0) {
      this.element.replaceChildren(this.whenEmpty());
      return;
    }
    const first = this.#page * PAGE;
    const shown = this.#ordered().slice(first, first + PAGE);
    this.#fill(shown);
    this.#where.textContent = `${count(first + 1)} to ${count(first + shown.length)} of ${count(this.#rows.length)}`;
    const [previous, next] = this.#pager.querySelectorAll('button');
    previous.disabled = first === 0;
    next.disabled = first + PAGE >= this.#rows.length;
    this.#pager.hidden = this.#rows.length <= PAGE;
    if (!this.scroller.isConnected) this.element.replaceChildren(this.scroller, this.#pager);
  }
}

/**
 * A box that scrolls sideways where its content is too wide; reached and named for the keyboard.
 * @param {string} name
 * @param {Node} content
 */
export function scroller(name, content) {
  const region = { class: 'table-wrap', tabindex: '0', role: 'region', 'aria-label': name };
  return h('div', region, content);
}

/**
 * A small table of figures.
 * @param {string} name
 * @param {string[]} titles of the columns
 * @param {[Node | string, ...string[]][]} rows heading and figures
 */
export function figureTable(name, [first, ...titles], rows) {
  const number = (/** @type {string} */ text) => h('td', { class: 'number' }, text);
  const head = titles.map((title) => h('th', { scope: 'col', class: 'number' }, title));
  const body = rows.map(([heading, ...figures]) =>
    h('tr', {}, h('th', { scope: 'row' }, heading), ...figures.map(number)),
  );
  const table = h(
    'table',
    { class: 'table' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, first), ...head)),
    h('tbody', {}, ...body),
  );
  return scroller(name, table);
}

/**
 * Makes a button open the file dialog of an input, whose files go to `receive`.
 * @param {string} buttonId @param {string} inputId @param {(files: File[]) => void} receive
 */
export function filePicker(buttonId, inputId, receive) {
  const input = /** @type {HTMLInputElement} */ (byId(inputId));
  byId(buttonId).addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    const files = [...(input.files ?? [])];
    input.value = '';
    if (files.length > 0) receive(files);
  });
}

/**
 * Makes the box for dropped files small, once there is something to look at below.
 * @param {string} id
 * @param {boolean} compact
 */
export const compactDropzone = (id, compact) => byId(id).toggleAttribute('data-compact', compact);

/**
 * Shows how far a progress bar is.
 * @param {string} id @param {number} done @param {number} total
 */
export function showProgress(id, done, total) {
  const bar = byId(id);
  bar.setAttribute('aria-valuemax', String(total));
  bar.setAttribute('aria-valuenow', String(done));
  /** @type {HTMLElement} */ (bar.firstElementChild).style.width =
    `${total === 0 ? 0 : (done / total) * 100}%`;
}

/** The value of the chosen radio button. @param {string} name */
export function chosen(name) {
  return (
    /** @type {HTMLInputElement | null} */ (document.querySelector(`input[name="${name}"]:checked`))
      ?.value ?? ''
  );
}

/** @param {string} name @param {(value: string) => void} receive */
export function onChoice(name, receive) {
  for (const input of document.querySelectorAll(`input[name="${name}"]`)) {
    input.addEventListener('change', () => receive(chosen(name)));
  }
}
