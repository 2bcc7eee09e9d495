// SPDX-License-Identifier: Apache-2.0
// Reads files in a worker of its own, so that a mailbox of a hundred megabytes never stops the
// page. In: { files }. Out: { items } many times, { problem } for a file that cannot be read, { done }.
import { splitMbox } from './mbox.js';
import { readMessage, readTextFile } from './message.js';
import { readCsv, readJsonl } from './table.js';
import { decode } from './text.js';

const MAX_BYTES = 256 * 1024 * 1024;
const CHUNK = 100;

/** @param {string} name @param {Uint8Array} bytes */
async function* readMbox(name, bytes) {
  let number = 0;
  for (const message of splitMbox(bytes))
    yield { ...(await readMessage(message)), origin: `${name}, email ${++number}` };
  if (number === 0) throw new Error(`${name} is no mailbox: no line begins with “From ”.`);
}

/** @param {File} file */
async function* readFile(file) {
  const { name } = file;
  if (file.size > MAX_BYTES)
    throw new Error(
      `${name} is over 256 MB. The command line takes any size: email-classifier batch.`,
    );
  const bytes = new Uint8Array(await file.arrayBuffer());
  const kind = /\.([a-z]+)$/i.exec(name)?.[1].toLowerCase();
  if (kind === 'csv') yield* readCsv(name, decode(bytes));
  else if (kind === 'jsonl' || kind === 'ndjson') yield* readJsonl(name, decode(bytes));
  else if (kind === 'mbox') yield* readMbox(name, bytes);
  else if (kind === 'eml') yield { ...(await readMessage(bytes)), origin: name };
  else if (kind === 'txt') yield { ...(await readTextFile(bytes)), origin: name };
  else throw new Error(`${name}: only .eml, .txt, .csv, .jsonl and .mbox can be read.`);
}

/** @param {File} file */
async function sendFile(file) {
  let items = [];
  for await (const item of readFile(file)) {
    items.push(item);
    if (items.length === CHUNK) {
      postMessage({ items });
      items = [];
    }
  }
  postMessage({ items });
}

addEventListener('message', async ({ data: { files } }) => {
  for (const file of files) {
    try {
      await sendFile(file);
    } catch (error) {
      postMessage({
        problem: error instanceof Error ? error.message : `${file.name} cannot be read.`,
      });
    }
  }
  postMessage({ done: true });
});
