// SPDX-License-Identifier: Apache-2.0
// The module "page:assets" of the page in one file: everything is in data blocks of the document,
// gzip in base64.
import { bestVariant } from 'email-classifier/features';

const PIECE = 1 << 18; // base64 characters decoded before the page gets its turn; a multiple of 4

export const singleFile = true;
export const pageVersion = PAGE_VERSION;
export const modelBytes = MODEL_BYTES;

/** @param {string} text base64 */
async function* decoded(text) {
  for (let start = 0; start < text.length; start += PIECE) {
    yield Uint8Array.from(atob(text.slice(start, start + PIECE)), (letter) => letter.charCodeAt(0));
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** The bytes of a data block. @param {string} id @returns {Promise<ArrayBuffer>} */
async function unpack(id) {
  const pieces = decoded(document.getElementById(id)?.textContent?.trim() ?? '');
  const packed = new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  return new Response(packed.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

/**
 * Address of a classic script: module workers cannot start from a page on disk.
 * @param {string} id
 */
async function scriptUrl(id) {
  return URL.createObjectURL(new Blob([await unpack(id)], { type: 'text/javascript' }));
}

/** @type {Promise<string> | undefined} */
let readerUrl;

export async function createReader() {
  readerUrl ??= scriptUrl('data-reader');
  return new Worker(await readerUrl);
}

export async function engineOptions() {
  const variant = bestVariant() ?? 'simd';
  const [worker, wasm, model] = await Promise.all([
    scriptUrl('data-engine'),
    unpack(`data-${variant}`),
    unpack('data-model'),
  ]);
  return {
    variant,
    wasm,
    model,
    modelDigest: MODEL_DIGEST,
    createWorker: () => new Worker(worker),
  };
}

export async function loadSamples() {
  return JSON.parse(new TextDecoder().decode(await unpack('data-samples')));
}

export async function keepForOffline() {}
