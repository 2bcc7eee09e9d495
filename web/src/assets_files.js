// SPDX-License-Identifier: Apache-2.0
// The module "page:assets" of the page that has its files beside it.
const MODEL_CACHE = 'email-classifier-models'; // of the email-classifier package
const absolute = (/** @type {string} */ url) => new URL(url, document.baseURI).href;

export const singleFile = false;
export const pageVersion = PAGE_VERSION;
export const modelBytes = MODEL_BYTES;

export const createReader = async () => new Worker(absolute(READER_URL), { type: 'module' });

export const engineOptions = async () => ({
  baseUrl: absolute(ENGINE_URL),
  modelUrl: absolute(MODEL_URL),
  modelDigest: MODEL_DIGEST,
});

export async function loadSamples() {
  const response = await fetch(absolute(SAMPLES_URL));
  if (!response.ok) throw new Error(`The examples could not be fetched: HTTP ${response.status}.`);
  return response.json();
}

/**
 * The service worker keeps the page; the engine that this browser runs is added here, since only
 * one of them is needed.
 * @param {string} variant
 */
export async function keepForOffline(variant) {
  try {
    const url = absolute(`${ENGINE_URL}${variant}.wasm`);
    const page = await caches.open(`email-classifier-page-${PAGE_VERSION}`);
    if (!(await page.match(url))) await page.add(url);
    const models = await caches.open(MODEL_CACHE);
    const current = new URL(absolute(MODEL_URL)).pathname;
    for (const { url: kept } of await models.keys()) {
      if (new URL(kept).pathname !== current) await models.delete(kept);
    }
  } catch {
    // No room, or no Cache API: the next visit needs the network.
  }
}
