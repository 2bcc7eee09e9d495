// SPDX-License-Identifier: Apache-2.0
// What happens when something breaks: crashes, damaged files, full disks, old versions, no network.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ISOLATED, serve } from '../server.mjs';
import {
  csv,
  EMAILS,
  file,
  goTo,
  modelReady,
  onPage,
  REPOSITORY,
  shows,
  SITE,
  until,
  useSite,
  validationEmails,
  write,
} from './harness.mjs';

const faults = { model: 'none' };
const site = useSite({
  intercept(request, response) {
    if (!request.url.includes('/model-') || faults.model === 'none') return false;
    if (faults.model === 'missing') response.writeHead(404).end();
    if (faults.model === 'corrupt')
      response.writeHead(200, { 'content-length': 4096 }).end(Buffer.alloc(4096, 7));
    if (faults.model === 'stalled')
      response.writeHead(200, { 'content-length': 4e7 }).write(Buffer.alloc(1e6));
    return true;
  },
});
const temporary = mkdtempSync(join(tmpdir(), 'page-'));
after(() => rmSync(temporary, { recursive: true, force: true }));

/** Runs the test with the model served that way. */
async function withModel(fault, run, options) {
  faults.model = fault;
  try {
    await onPage(site, run, options);
  } finally {
    faults.model = 'none';
  }
}

/** Makes the engine's worker throw, as a trap would. */
async function crash(page) {
  const worker = page.workers()[0] ?? (await page.waitForEvent('worker'));
  const closed = new Promise((resolve) => worker.once('close', resolve));
  await worker.evaluate(() => {
    setTimeout(() => {
      throw new Error('crash');
    });
  });
  await closed;
}

const CRASHED = { expectErrors: /crash/ };

test('rules answer while the model loads, marked as provisional, with its progress', () =>
  withModel('stalled', async (page) => {
    await write(page, { subject: 'help', message: 'my car was stolen last night' });
    await shows(page, '#answer-label', 'Car theft');
    await shows(page, '#answer-meta', 'Provisional');
    await shows(page, '#answer-facts', 'key-word rules');
    await shows(page, '#engine-status', /Loading the model, 1\.0 of 40\.0 MB/);
  }));

for (const [fault, sentence] of [
  ['missing', 'HTTP 404'],
  ['corrupt', 'The model cannot be used: '],
]) {
  test(`a ${fault} model is said, rules answer, and it can be tried again`, () =>
    withModel(
      fault,
      async (page) => {
        await shows(page, '#engine-problem', sentence);
        await shows(page, '#engine-problem', 'Key-word rules answer meanwhile.');
        await write(page, { subject: 'help', message: 'my car was stolen last night' });
        await shows(page, '#answer-label', 'Car theft');
        await shows(page, '#answer-review', 'Only key words were looked at');
        await goTo(page, 'batch');
        await page.click('#batch-examples');
        await shows(page, '#batch-progress-title', 'Done, 8');
        await shows(page, '#batch-notes', 'key-word rules answered');
        faults.model = 'none';
        await page.click('#engine-problem button');
        await modelReady(page);
        await goTo(page, 'classify');
        await shows(page, '#answer-facts', 'the model');
        await page.locator('#engine-problem .note').waitFor({ state: 'detached' });
      },
      { expectErrors: /404/ },
    ));
}

test('a crash of the worker: the engine is started again and the call is answered', () =>
  onPage(
    site,
    async (page) => {
      await modelReady(page);
      await crash(page);
      await write(page, EMAILS.theft);
      await shows(page, '#answer-label', 'Car theft');
      await shows(page, '#toasts', 'started again');
      await modelReady(page);
      await shows(page, '#answer-facts', 'the model');
    },
    CRASHED,
  ));

test('a crash in the middle of a batch loses nothing', () =>
  onPage(
    site,
    async (page) => {
      await modelReady(page);
      const emails = validationEmails(200);
      await goTo(page, 'batch');
      await page.setInputFiles('#batch-files', [
        file('m.csv', csv([['subject', 'message'], ...emails.map((e) => [e.subject, e.message])])),
      ]);
      await shows(page, '#batch-progress-title', /Classifying, [1-9]/);
      await crash(page);
      await shows(page, '#batch-progress-title', 'Done, 200');
      assert.match(await page.innerText('#batch-tiles'), /Classified\s+200/);
    },
    CRASHED,
  ));

test('a worker that crashes again and again is given up, in words', () =>
  onPage(
    site,
    async (page) => {
      await modelReady(page);
      for (let i = 0; i < 4; i++) {
        await crash(page);
        const next = i < 3 ? page.waitForEvent('worker') : undefined;
        await write(page, { ...EMAILS.theft, subject: `try ${i}` });
        await next;
        if (i < 3) await modelReady(page);
      }
      await shows(page, '#engine-problem', 'stopped several times');
      await page.click('#engine-problem button');
      await modelReady(page);
      await shows(page, '#answer-facts', 'the model');
    },
    CRASHED,
  ));

test('a full disk: the page works, and says what it could not keep', () =>
  onPage(site, async (page) => {
    const client = await page.context().newCDPSession(page);
    await client.send('Storage.overrideQuotaForOrigin', {
      origin: site.server.origin,
      quotaSize: 1,
    });
    await page.reload();
    await modelReady(page);
    await write(page, {
      ...EMAILS.theft,
      message: EMAILS.theft.message.padEnd(4900, ' more words'),
    });
    await shows(page, '#answer-label', /Car|Other/);
    await page.click('#corrections button >> nth=3');
    await shows(page, '#toasts', 'no room left');
  }));

test('a damaged model in the cache is thrown away and fetched again', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    const damage = () =>
      page.evaluate(async () => {
        const cache = await caches.open('email-classifier-models');
        const [key] = await cache.keys();
        if (!key) return false;
        await cache.put(
          key,
          new Response(new Uint8Array(100), { headers: { 'content-length': '100' } }),
        );
        await cache.put('/assets/model-of-old.ecm', new Response('old'));
        return true;
      });
    await modelKept(page);
    assert.ok(await damage());
    const fetched = () => site.server.requests.filter((path) => path.includes('/model-')).length;
    const before = fetched();
    await page.reload();
    await modelReady(page);
    assert.equal(fetched(), before + 1);
    await until(page, async () => {
      const keys = await (await caches.open('email-classifier-models')).keys();
      return keys.length === 1 && !keys[0].url.includes('of-old');
    });
  }));

const controlled = (page) =>
  until(page, () => navigator.serviceWorker.ready.then((r) => r.active?.state === 'activated'));
const engineKept = (page) =>
  until(page, async () => {
    for (const name of await caches.keys()) {
      const keys = await (await caches.open(name)).keys();
      if (keys.some(({ url }) => url.endsWith('.wasm'))) return true;
    }
    return false;
  });
const modelKept = (page) =>
  until(page, async () => (await (await caches.open('email-classifier-models')).keys()).length > 0);

test('without a network the page opens and the model answers', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await Promise.all([controlled(page), engineKept(page), modelKept(page)]);
    await page.context().setOffline(true);
    // Looking for a new version of itself is all that a service worker may do.
    const asked = () => site.server.requests.filter((path) => path !== '/service_worker.js').length;
    const before = asked();
    await page.reload();
    await modelReady(page);
    await write(page, EMAILS.theft);
    await shows(page, '#answer-label', 'Car theft');
    await page.selectOption('#examples', { index: 1 });
    await goTo(page, 'batch');
    await page.setInputFiles('#batch-files', [
      file(
        'm.csv',
        csv([
          ['subject', 'message'],
          ['a', EMAILS.theft.message],
        ]),
      ),
    ]);
    await shows(page, '#batch-progress-title', 'Done, 1 email');
    await goTo(page, 'settings');
    await shows(page, '#offline-facts', 'Saved on this device');
    assert.equal(asked(), before, 'no request was made');
  }));

test('a new version is offered, and never mixed with the old one', async () => {
  const next = join(temporary, 'next');
  execFileSync('node', [join(REPOSITORY, 'web/build.mjs'), join(REPOSITORY, 'build/npm'), next], {
    env: { ...process.env, PAGE_SERVERS: 'https://next.example' },
    stdio: 'ignore',
  });
  const live = join(temporary, 'live');
  symlinkSync(SITE, live);
  const own = await serve(live, { headers: ISOLATED });
  const context = await site.browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(own.origin);
    await modelReady(page);
    await Promise.all([controlled(page), engineKept(page), modelKept(page)]);
    const version = () => page.locator('#engine-facts dd').last().textContent();
    const old = await version();
    rmSync(live); // the old files are gone
    symlinkSync(next, live);
    await page.reload();
    await modelReady(page);
    assert.equal(await version(), old, 'the kept page is whole');
    await page.click('#toasts button:has-text("Use it")');
    await page.waitForFunction(
      (before) => document.querySelector('#engine-facts dd:last-child')?.textContent !== before,
      old,
    );
    await modelReady(page);
    const names = await page.evaluate(() => caches.keys());
    assert.equal(
      names.filter((name) => name.startsWith('email-classifier-page-')).length,
      1,
      names.join(),
    );
  } finally {
    await context.close();
    await own.close();
  }
});
