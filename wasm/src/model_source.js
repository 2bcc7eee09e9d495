// SPDX-License-Identifier: Apache-2.0
// Where the file of a model comes from: bytes at hand, the browser's cache, or the network.
import { ClassifierError } from './errors.js';

const CACHE_NAME = 'email-classifier-models';
const DIGEST_PARAMETER = 'email-classifier-digest';

/**
 * A model on its way, in pieces.
 * @typedef {object} ModelStream
 * @property {number} total bytes, 0 when not known beforehand
 * @property {AsyncIterable<Uint8Array>} chunks
 */

/**
 * @param {Blob | ArrayBuffer | Uint8Array} model
 * @returns {ModelStream}
 */
export function fromBytes(model) {
  if (model instanceof Blob) {
    return { total: model.size, chunks: readAll(model.stream()) };
  }
  const bytes = model instanceof Uint8Array ? model : new Uint8Array(model);
  return {
    total: bytes.length,
    chunks: (async function* () {
      yield bytes;
    })(),
  };
}

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<ModelStream>}
 */
export async function fromNetwork(url, signal) {
  let response;
  try {
    response = await fetch(url, { signal, credentials: 'same-origin' });
  } catch (cause) {
    signal.throwIfAborted();
    throw new ClassifierError('download', 'The model could not be fetched.', {
      field: 'modelUrl',
      cause,
    });
  }
  if (!response.ok) {
    throw new ClassifierError(
      'download',
      `The model could not be fetched: HTTP ${response.status}.`,
      {
        field: 'modelUrl',
      },
    );
  }
  return fromResponse(response);
}

/** @param {Response} response */
function fromResponse(response) {
  // The length is that of the compressed bytes when the server compresses on the way.
  const encoded = response.headers.get('content-encoding');
  const total = encoded ? 0 : Number(response.headers.get('content-length') ?? 0);
  return { total, chunks: readAll(/** @type {ReadableStream<Uint8Array>} */ (response.body)) };
}

/**
 * @param {unknown} cause
 * @returns {never}
 */
function brokenOff(cause) {
  if (cause instanceof Error && cause.name === 'AbortError') {
    throw cause;
  }
  throw new ClassifierError('download', 'The model could not be read to its end.', {
    field: 'modelUrl',
    cause,
  });
}

/**
 * Not every browser can iterate over a stream.
 * @param {ReadableStream<Uint8Array>} stream
 */
export async function* readAll(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(brokenOff);
      if (done) {
        return;
      }
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * Models of one address in the Cache API, each under its digest, so that an old one is never taken
 * for a new one. Where there is no such cache, or no room in it, nothing is remembered.
 */
export class ModelCache {
  #url;
  #key;

  /**
   * @param {string} url
   * @param {string} digest
   */
  constructor(url, digest) {
    this.#url = new URL(url);
    this.#url.hash = '';
    const key = new URL(this.#url);
    key.searchParams.set(DIGEST_PARAMETER, digest);
    this.#key = key.href;
  }

  /** @returns {Promise<ModelStream | undefined>} */
  async find() {
    const response = await (await open())?.match(this.#key).catch(() => undefined);
    return response && fromResponse(response);
  }

  /** @param {Uint8Array} bytes of a model whose digest was checked */
  async keep(bytes) {
    const cache = await open();
    try {
      await this.#forgetOthers(cache);
      const headers = { 'content-length': String(bytes.length) };
      await cache?.put(this.#key, new Response(/** @type {BodyInit} */ (bytes), { headers }));
    } catch {
      // No room: the next visit fetches it again.
    }
  }

  async forget() {
    await (await open())?.delete(this.#key).catch(() => false);
  }

  /** @param {Cache | undefined} cache */
  async #forgetOthers(cache) {
    for (const { url } of (await cache?.keys()) ?? []) {
      const address = new URL(url);
      address.searchParams.delete(DIGEST_PARAMETER);
      if (address.href === this.#url.href && url !== this.#key) {
        await cache?.delete(url);
      }
    }
  }
}

/** @returns {Promise<Cache | undefined>} */
async function open() {
  try {
    return await caches.open(CACHE_NAME);
  } catch {
    return undefined; // Node, a page that is not secure, private browsing
  }
}
