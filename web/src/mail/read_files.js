// SPDX-License-Identifier: Apache-2.0
// Emails from files, the page's side: the work is done in reader_worker.js.
import { createReader } from 'page:assets';

/** @typedef {import('../types.d.ts').MailItem} MailItem */

/**
 * @param {File[]} files
 * @returns {Promise<{ items: MailItem[], problems: string[] }>} problems: a sentence for each file
 *   that could not be read, or not to its end
 */
export async function readFiles(files) {
  const worker = await createReader();
  /** @type {MailItem[]} */
  const items = [];
  /** @type {string[]} */
  const problems = [];
  return new Promise((resolve) => {
    const finish = () => {
      worker.terminate();
      resolve({ items, problems });
    };
    worker.onerror = () => {
      problems.push('The files could not be read.');
      finish();
    };
    worker.onmessage = ({ data }) => {
      items.push(...(data.items ?? []));
      if (data.problem) problems.push(data.problem);
      if (data.done) finish();
    };
    worker.postMessage({ files });
  });
}

/** An email pasted as text with its headers. @param {string} text */
export async function readPasted(text) {
  const { items } = await readFiles([new File([text], 'pasted.eml')]);
  return items[0];
}
