// SPDX-License-Identifier: Apache-2.0
// What goes into the history, and only while it is switched on.
import { sentence, toast } from './dom.js';
import { settings } from './settings.js';
import { newId, put } from './store.js';

/** @typedef {import('./types.d.ts').Answer} Answer */
/** @typedef {import('./types.d.ts').HistoryEntry} HistoryEntry */

const SETTLED_MS = 1500; // an answer that stands so long while somebody types is worth keeping

/** @param {string} id @param {string} subject @param {Answer} answer @returns {HistoryEntry} */
function entryOf(id, subject, { label, confidence, source, needs_review }) {
  return { id, time: Date.now(), subject, label, confidence, source, needs_review };
}

/** @param {HistoryEntry[]} entries */
async function keep(entries) {
  try {
    await put('history', entries);
  } catch (error) {
    toast(`Not kept in the history. ${sentence(error)}`);
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/**
 * The answer to an email that is being written; a later one with the same id replaces it.
 * @param {string} id
 * @param {string} subject
 * @param {Answer} answer
 */
export function logAnswer(id, subject, answer) {
  clearTimeout(waiting);
  if (!settings().history) return;
  waiting = setTimeout(
    () => settings().history && keep([entryOf(id, subject, answer)]),
    SETTLED_MS,
  );
}

/** @param {{ subject: string, answer: Answer }[]} answered */
export async function logBatch(answered) {
  if (!settings().history) return;
  await keep(answered.map(({ subject, answer }) => entryOf(newId(), subject, answer)));
}
