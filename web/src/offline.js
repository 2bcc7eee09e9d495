// SPDX-License-Identifier: Apache-2.0
// The service worker that keeps the page: registering it, and changing to a new version.
import { singleFile } from 'page:assets';
import { toast } from './dom.js';

/** @param {ServiceWorker} worker */
function offerUpdate(worker) {
  toast('A new version of this page is ready.', {
    label: 'Use it',
    stays: true,
    run: () => worker.postMessage('activate'),
  });
}

/** @param {ServiceWorkerRegistration} registration */
function watch(registration) {
  if (registration.waiting && navigator.serviceWorker.controller) offerUpdate(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const worker = registration.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && navigator.serviceWorker.controller) offerUpdate(worker);
    });
  });
}

export function startOffline() {
  if (singleFile || !('serviceWorker' in navigator)) return;
  const controlled = navigator.serviceWorker.controller !== null;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    // Somebody asked for the new version, here or in another tab.
    if (controlled) location.reload();
  });
  navigator.serviceWorker.register('service_worker.js').then(watch, () => {
    // Private windows forbid it; the page works without.
  });
}
