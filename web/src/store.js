// SPDX-License-Identifier: Apache-2.0
// History and training examples in IndexedDB. Every function may reject, with a sentence for
// people, where the browser forbids storage or its room is used up.

/** @typedef {import('./types.d.ts').HistoryEntry} HistoryEntry */
/** @typedef {import('./types.d.ts').TrainingExample} TrainingExample */
/** @typedef {'history' | 'examples'} StoreName */

const NAME = 'email-classifier';
/** @type {Promise<IDBDatabase> | undefined} */
let opened;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    for (const name of ['history', 'examples'])
      request.result.createObjectStore(name, { keyPath: 'id' });
  };
  return result(request);
}

function database() {
  opened ??= open().catch((error) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

/** @param {unknown} error */
function explained(error) {
  const full = error instanceof DOMException && error.name === 'QuotaExceededError';
  return new Error(
    full
      ? 'This browser has no room left for the page. Erase old entries, or export them first.'
      : 'This browser does not let the page keep anything.',
    { cause: error },
  );
}

/**
 * Runs one transaction to its end.
 * @template T
 * @param {StoreName} name
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T> | void} work
 * @returns {Promise<T | void>}
 */
async function transact(name, mode, work) {
  try {
    const transaction = (await database()).transaction(name, mode);
    const done = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    const request = work(transaction.objectStore(name));
    await done;
    return request?.result;
  } catch (error) {
    throw explained(error);
  }
}

/** A new id; randomUUID exists on secure pages only. */
export const newId = () =>
  [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join('-');

/** Oldest first. @param {StoreName} name @returns {Promise<any[]>} */
export async function all(name) {
  const entries = (await transact(name, 'readonly', (store) => store.getAll())) ?? [];
  return entries.sort((a, b) => a.time - b.time);
}

/**
 * Adds or replaces by id, all or nothing.
 * @param {StoreName} name
 * @param {(HistoryEntry | TrainingExample)[]} entries
 */
export async function put(name, entries) {
  await transact(name, 'readwrite', (store) => {
    for (const entry of entries) store.put(entry);
  });
}

/** @param {StoreName} name @param {string} id */
export async function remove(name, id) {
  await transact(name, 'readwrite', (store) => {
    store.delete(id);
  });
}

/** @param {StoreName} name */
export async function clear(name) {
  await transact(name, 'readwrite', (store) => {
    store.clear();
  });
}
