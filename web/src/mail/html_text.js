// SPDX-License-Identifier: Apache-2.0
// The readable text of an HTML email. The HTML is only read: nothing in it runs or is fetched.
import { Parser } from 'htmlparser2';

const SKIPPED = new Set([
  'script',
  'style',
  'head',
  'template',
  'noscript',
  'title',
  'svg',
  'iframe',
  'object',
]);
const BLOCKS = new Set([
  'address',
  'article',
  'blockquote',
  'br',
  'div',
  'dl',
  'dt',
  'dd',
  'footer',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'header',
  'hr',
  'li',
  'ol',
  'p',
  'pre',
  'section',
  'table',
  'tr',
  'ul',
]);

/** @param {string} html @returns {string} */
export function htmlToText(html) {
  /** @type {string[]} */
  const parts = [];
  let skipped = 0; // elements around that hold no text for people
  let pre = 0;
  const parser = new Parser({
    onopentagname(name) {
      if (SKIPPED.has(name)) skipped++;
      if (name === 'pre') pre++;
      if (BLOCKS.has(name)) parts.push('\n');
    },
    ontext(text) {
      if (skipped === 0) parts.push(pre > 0 ? text : text.replace(/[ \t\r\n]+/g, ' '));
    },
    onclosetag(name) {
      if (SKIPPED.has(name)) skipped--;
      if (name === 'pre') pre--;
      if (BLOCKS.has(name) && name !== 'br') parts.push('\n');
    },
  });
  parser.end(html);
  return parts
    .join('')
    .replace(/[^\S\n]*\n[^\S\n]*/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
