// SPDX-License-Identifier: Apache-2.0
// The readable text of an HTML email. The document is parsed without being shown: nothing in it
// runs or is fetched.

const SKIPPED = 'script, style, head, template, noscript, title, svg, iframe, object';
const BLOCKS = 'address, article, blockquote, div, dl, dt, dd, footer, h1, h2, h3, h4, h5, h6, header, hr, li, ol, p, pre, section, table, tr, ul';

/** @param {string} html @returns {string} */
export function htmlToText(html) {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const element of body.querySelectorAll(SKIPPED)) element.remove();
  for (const text of textNodes(body)) text.data = text.data.replace(/[ \t\r\n]+/g, ' ');
  for (const element of body.querySelectorAll('br')) element.replaceWith('\n');
  for (const element of body.querySelectorAll(BLOCKS)) {
    element.before('\n');
    element.after('\n');
  }
  return (body.textContent ?? '').replace(/[^\S\n]*\n[^\S\n]*/g, '\n').replace(/\n{3,}/g, '\n\n').trim();
}

/** @param {HTMLElement} root @returns {Text[]} those outside of <pre> */
function textNodes(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement?.closest('pre')) found.push(/** @type {Text} */ (node));
  }
  return found;
}
