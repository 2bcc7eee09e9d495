// SPDX-License-Identifier: Apache-2.0
// What leaves the device: nothing. And what the page's policy allows: only what is needed.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import {
  csv,
  EMAILS,
  file,
  goTo,
  modelReady,
  onPage,
  shows,
  SITE,
  useSite,
  write,
} from './harness.mjs';

const site = useSite();
const html = (name) => readFileSync(`${SITE}/${name}`, 'utf8');
const policyOf = (text) => /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(text)[1];

test('the policy: everything from here, WebAssembly, and nothing else', () => {
  const policy = policyOf(html('index.html'));
  assert.equal(
    policy,
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; " +
      "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'",
  );
  const single = policyOf(html('email-classifier.html'));
  assert.match(single, /connect-src 'none'/);
  for (const text of [policy, single])
    assert.doesNotMatch(text, /'unsafe-(inline|eval)'|\*|https?:/);
});

test('no inline script, style or handler, and no address of another host, in what is shipped', () => {
  const text = html('index.html');
  assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  const files = [
    'index.html',
    'service_worker.js',
    ...readdirSync(`${SITE}/assets`)
      .filter((name) => /\.(js|css)$/.test(name))
      .map((name) => `assets/${name}`),
  ];
  for (const name of files) {
    const hosts = [
      ...html(name).matchAll(/(?:src|href|url|fetch|import)\W{1,3}(https?:)?\/\/[\w.]+/g),
    ].map(([found]) => found);
    assert.deepEqual(hosts, [], name);
  }
});

test('a visit through every view asks no other host, and sends no text of a mail to its own', async () => {
  const secret = 'Zanzibar-4471';
  const seen = [];
  await onPage(site, async (page, watch) => {
    // On the browser's own target, so that workers and the service worker count too.
    const client = await site.browser.newBrowserCDPSession();
    client.on('Target.targetCreated', ({ targetInfo }) => seen.push(targetInfo.url));
    await client.send('Target.setDiscoverTargets', { discover: true });
    await modelReady(page);
    await write(page, { ...EMAILS.theft, subject: `${EMAILS.theft.subject} ${secret}` });
    await shows(page, '#answer-label', 'Car theft');
    await goTo(page, 'batch');
    await page.setInputFiles('#batch-files', [
      file(
        'm.csv',
        csv([
          ['subject', 'message'],
          [secret, `${secret} ${EMAILS.theft.message}`],
        ]),
      ),
    ]);
    await shows(page, '#batch-progress-title', 'Done, 1 email');
    for (const view of ['history', 'training', 'evaluate', 'settings']) await goTo(page, view);
    await page.click('#verify');
    await shows(page, '#verify-result', 'This build is right');
    assert.ok(watch.urls.length > 5);
    assert.deepEqual(
      site.server.requests.filter((path) => path.includes('Zanzibar')),
      [],
    );
  });
  const foreign = seen.filter(
    (url) => /^(https?|wss?):/.test(url) && !url.startsWith(site.server.origin),
  );
  assert.deepEqual(foreign, []);
});

test('the browser enforces it: no eval, no foreign connection, no inline style', () =>
  onPage(
    site,
    async (page) => {
      await modelReady(page);
      const blocked = await page.evaluate(async () => {
        const caught = [];
        const evaluate = document.createElement('script');
        evaluate.textContent = 'document.title = "inline"';
        document.body.append(evaluate);
        caught.push(document.title !== 'inline');
        await fetch('https://example.com/').catch(() => caught.push('fetch'));
        await new Promise((resolve) => {
          const image = new Image();
          image.onerror = () => resolve(caught.push('image'));
          image.src = 'https://example.com/x.png';
        });
        return caught;
      });
      assert.deepEqual(blocked, [true, 'fetch', 'image']);
      // Playwright's own evaluate is exempt, so the page's timer tries.
      const evalBlocked = await page.evaluate(
        () =>
          new Promise((resolve) => {
            addEventListener(
              'securitypolicyviolation',
              (event) => event.blockedURI === 'eval' && resolve(true),
            );
            try {
              setTimeout('document.title = "eval"');
            } catch {
              resolve(true);
            }
          }),
      );
      assert.ok(evalBlocked);
    },
    { expectErrors: /Content Security Policy|violates|Refused|evaluat/ },
  ).catch((error) => {
    // The watch of onPage sees the blocked attempts as requests; that they failed is what counts.
    if (!/foreign requests/.test(error.message)) throw error;
  }));

test('the page in one file works from a disk, with no request at all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'single-'));
  copyFileSync(`${SITE}/email-classifier.html`, join(folder, 'page.html'));
  const before = site.server.requests.length;
  try {
    await onPage(
      site,
      async (page, watch) => {
        await modelReady(page);
        await write(page, EMAILS.theft);
        await shows(page, '#answer-label', 'Car theft');
        await shows(page, '#answer-facts', 'the model');
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
        assert.ok(await page.isHidden('#where-server-choice'));
        await page.click('#verify');
        await shows(page, '#verify-result', 'This build is right');
        assert.deepEqual(
          watch.urls.filter((url) => !/^(file|blob|data):/.test(url)),
          [],
        );
      },
      { path: pathToFileURL(join(folder, 'page.html')).href },
    );
    assert.equal(site.server.requests.length, before);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
