// SPDX-License-Identifier: Apache-2.0
// All that this page keeps on a device: where it is and how it goes.
import { forgetSettings } from './settings.js';
import { clear } from './store.js';

/** In words. */
export async function storageFacts() {
  const estimate = await navigator.storage?.estimate?.().catch(() => undefined);
  const used = estimate?.usage ? `${(estimate.usage / 1e6).toFixed(0)} MB` : 'Some room';
  return (
    `${used} used on this device: the page and the model for use without a network, ` +
    'your settings, and what you chose to keep.'
  );
}

/** Settings, history, examples, and what was kept for use without a network. */
export async function forgetEverything() {
  forgetSettings();
  await Promise.all([clear('history'), clear('examples')]);
  for (const worker of (await navigator.serviceWorker?.getRegistrations()) ?? [])
    await worker.unregister();
  for (const name of (await globalThis.caches?.keys().catch(() => [])) ?? [])
    await caches.delete(name);
}
