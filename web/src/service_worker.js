// SPDX-License-Identifier: Apache-2.0
// Keeps the files of one version of the page together, so that an old file never meets a new page.
// VERSION and FILES are put in by build.mjs. Models are kept by the email-classifier package.
/* global VERSION, FILES */
const PREFIX = 'email-classifier-page-';
const CACHE = PREFIX + VERSION;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith(PREFIX) && name !== CACHE)
            .map((name) => caches.delete(name)),
        ),
      ),
  );
});

self.addEventListener('message', (event) => {
  if (event.data === 'activate') self.skipWaiting();
});

/** What is kept, else the network. @param {Request} request */
async function answer(request) {
  const cache = await caches.open(CACHE);
  const page = request.mode === 'navigate';
  const kept = await cache.match(page ? './' : request, { ignoreSearch: page });
  return kept ?? fetch(request);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const inScope = new URL('./', self.location.href).pathname;
  const mine = origin === self.location.origin && request.method === 'GET';
  const start = pathname === inScope || pathname === `${inScope}index.html`;
  if (mine && (request.mode !== 'navigate' || start)) event.respondWith(answer(request));
});
