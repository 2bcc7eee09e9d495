// SPDX-License-Identifier: Apache-2.0
// One email: an .eml file as mail programs save it, or plain text that may begin with "Subject:".
import PostalMime from 'postal-mime';
import { htmlToText } from './html_text.js';
import { looksLikeMail } from './message_kind.js';
import { decode } from './text.js';

/** @typedef {import('../types.d.ts').Email} Email */

const SUBJECT = /^\s*Subject:[ \t]*([^\r\n]*)(?:\r?\n|$)\s*/i;

/** @param {ArrayBuffer | Uint8Array | string} source @returns {Promise<Email>} */
export async function readMessage(source) {
  const { subject = '', text = '', html } = await PostalMime.parse(source);
  return { subject: subject.trim(), message: text.trim() || htmlToText(html ?? '') };
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<Email>} */
export async function readTextFile(bytes) {
  const text = decode(bytes);
  return looksLikeMail(text) ? readMessage(bytes) : splitSubject(text);
}

/** @param {string} text @returns {Email} */
function splitSubject(text) {
  const found = SUBJECT.exec(text);
  return found
    ? { subject: found[1].trim(), message: text.slice(found[0].length).trim() }
    : { subject: '', message: text.trim() };
}
