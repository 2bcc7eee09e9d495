// SPDX-License-Identifier: Apache-2.0
// History, training data, evaluation, settings.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import {
  csv,
  downloaded,
  EMAILS,
  file,
  goTo,
  modelReady,
  onPage,
  shows,
  until,
  useSite,
  validationEmails,
  write,
} from './harness.mjs';

const api = { requests: [] };
const site = useSite({ intercept: (request, response) => fakeServer(request, response) });

const KEYS = 'Both keys are in the kitchen.';

/** That sentence decided it. The API counts bytes. */
const explanationOf = (message) => {
  const start = Buffer.byteLength(message.slice(0, message.indexOf(KEYS)));
  const sentence = { field: 'message', start, end: start + KEYS.length, weight: 0.5 };
  return {
    runner_up: 'Here',
    runner_up_confidence: 0.25,
    sentences: [{ ...sentence, label_without: 'Here', confidence_without: 0.75 }],
    left_out: [],
  };
};

/** The HTTP API as the page sees it, under /api/. */
function fakeServer(request, response) {
  if (!request.url.startsWith('/api/')) return false;
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    api.requests.push({ url: request.url, authorization: request.headers.authorization, body });
    const send = (status, value) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.headers.authorization !== 'Bearer letmein')
      return send(401, { title: 'no', status: 401 });
    if (request.url === '/api/model-info')
      return send(200, {
        name: 'far',
        version: '9',
        labels: ['Here', 'There'],
        review_threshold: 0.5,
      });
    const { message, explain } = JSON.parse(body);
    return send(200, {
      label: 'There',
      confidence: 0.75,
      class_id: 1,
      scores: { Here: 0.25, There: 0.75 },
      source: 'model',
      fallback_used: false,
      needs_review: false,
      model_version: '9',
      tokens: 7,
      truncated: false,
      processing_time_ms: 1,
      ...(explain && { explanation: explanationOf(message) }),
    });
  });
  return true;
}

const stored = (page, name) =>
  page.evaluate(async (store) => {
    const request = indexedDB.open('email-classifier', 1);
    const database = await new Promise((resolve) => {
      request.onsuccess = () => resolve(request.result);
    });
    const all = database.transaction(store).objectStore(store).getAll();
    return new Promise((resolve) => {
      all.onsuccess = () => resolve(all.result);
    });
  }, name);

test('history: off until switched on, never the message, one click erases', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await write(page, EMAILS.theft);
    await shows(page, '#answer-label', 'Car theft');
    await page.locator('.sentence').first().waitFor();
    await goTo(page, 'history');
    await shows(page, '#history-body', 'Nothing is kept');
    await page.locator('.switch:has(#history-on)').click();
    await goTo(page, 'classify');
    await write(page, { ...EMAILS.theft, subject: 'Stolen car' });
    await shows(page, '#answer-label', 'Car theft');
    await goTo(page, 'history');
    await until(page, async () => {
      dispatchEvent(new Event('hashchange')); // shows the view again
      return document.querySelectorAll('#history-body tbody tr').length === 1;
    });
    const entries = await stored(page, 'history');
    assert.equal(entries.length, 1);
    assert.equal(entries[0].subject, 'Stolen car');
    assert.ok(!JSON.stringify(entries).includes('Fiesta'), 'the message is kept');
    await page.reload();
    await shows(page, '#history-body', 'Stolen car');
    await page.click('#history-erase');
    await shows(page, '#history-body', 'Nothing yet');
    assert.deepEqual(await stored(page, 'history'), []);
  }));

test('history: a batch counts per label and day', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await goTo(page, 'history');
    await page.locator('.switch:has(#history-on)').click();
    await goTo(page, 'batch');
    await page.click('#batch-examples');
    await shows(page, '#batch-progress-title', 'Done, 8 emails');
    await goTo(page, 'history');
    await shows(page, '#history-body .tiles', 'Emails');
    await page.locator('#history-body rect').first().waitFor();
    await page.locator('#history-body label', { hasText: 'Table' }).click();
    const today = await page
      .locator('#history-body .table-wrap')
      .first()
      .locator('tbody tr')
      .last()
      .locator('td')
      .allTextContents();
    assert.equal(
      today.reduce((sum, text) => sum + Number(text), 0),
      8,
    );
  }));

test('training data: add, correct, remove, export as models/data.py reads it', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await goTo(page, 'training');
    await shows(page, '#training-list', 'No examples yet');
    await page.click('#training-form button');
    await shows(page, '#example-hint', 'The subject is empty.');
    await page.fill('#example-subject', '=cmd');
    await page.fill('#example-message', 'Please renew my policy,\n"soon"');
    await page.selectOption('#example-label', 'CarRenewal');
    await page.click('#training-form button');
    await shows(page, '#training-list', '=cmd');
    await page.selectOption('#training-list select', 'CarTheft');
    await page.waitForFunction(
      () => document.querySelector('#training-list select')?.value === 'CarTheft',
    );
    assert.equal(
      await downloaded(page, '#training-csv'),
      '\uFEFFsubject,message,label\r\n"\'=cmd","Please renew my policy,\n""soon""",CarTheft\r\n',
    );
    assert.deepEqual(JSON.parse(await downloaded(page, '#training-jsonl')), {
      label: 'CarTheft',
      subject: '=cmd',
      message: 'Please renew my policy,\n"soon"',
    });
    await page.click('#training-list [aria-label="Remove =cmd"]');
    await shows(page, '#training-list', 'No examples yet');
    assert.deepEqual(await stored(page, 'examples'), []);
  }));

test('evaluation: the figures are those of the answers, and the slider moves them', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await goTo(page, 'evaluate');
    const emails = validationEmails(510).filter((_, i) => i % 5 === 0);
    const rows = emails.map(({ subject, message, label }) => [
      subject,
      message,
      label.toLowerCase(),
    ]);
    await page.setInputFiles('#evaluate-file', [
      file(
        'labelled.csv',
        csv([['subject', 'message', 'label'], ...rows, ['x', 'no such label here', 'Nonsense']]),
      ),
    ]);
    await shows(page, '#evaluate-tiles', `of ${emails.length}`);
    await shows(page, '#evaluate-notes', '1 email without one of the model’s labels');
    const report = JSON.parse(await downloaded(page, '#evaluate-json'));
    const own = await page.textContent('#threshold-value');
    assert.equal(own, `${(report.review_threshold * 100).toFixed(1)}\u202f%`);
    assert.equal(report.emails, emails.length);
    assert.ok(report.accuracy > 0.9, `accuracy ${report.accuracy}`);
    assert.equal(
      report.confusion.flat().reduce((sum, n) => sum + n, 0),
      emails.length,
    );
    const shown = await page.locator('#evaluate-matrix tbody td').allTextContents();
    assert.deepEqual(shown.map(Number), report.confusion.flat());
    await page.fill('#threshold', '0');
    await shows(page, '#threshold-tiles', /Answered by itself\s*100\.0/);
    await page.fill('#threshold', '1');
    await shows(page, '#threshold-tiles', new RegExp(`For a person\\s*${emails.length}`));
    await page.click('#threshold-reset');
    assert.equal(await page.textContent('#threshold-value'), own);
    await goTo(page, 'settings');
    await shows(page, '#engine-facts', `Asks a person below${own}`);
  }));

test('evaluation: a file without labels is refused in words', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await goTo(page, 'evaluate');
    await page.setInputFiles('#evaluate-file', [
      file(
        'plain.csv',
        csv([
          ['subject', 'message'],
          ['a', EMAILS.theft.message],
        ]),
      ),
    ]);
    await shows(page, '#evaluate-notes', '1 email without one of the model’s labels');
    assert.ok(await page.isHidden('#evaluate-results'));
    await page.click('#evaluate-training');
    await shows(page, '#evaluate-notes', 'no training data in this browser');
  }));

test('settings: verify runs the shipped emails; facts are those of the model', () =>
  onPage(site, async (page) => {
    await goTo(page, 'settings');
    await page.click('#verify');
    await shows(page, '#verify-result', 'This build is right. All 8 emails');
    await shows(page, '#engine-facts', /Vocabulary\s*30,522 pieces/);
    await shows(page, '#engine-facts', /WebAssembly (relaxed )?SIMD/);
  }));

test('settings: the theme is kept, and there before the first paint', () =>
  onPage(site, async (page) => {
    await goTo(page, 'settings');
    await page.locator('label', { hasText: 'Dark' }).click();
    // A frame is drawn once the styles are there, not before.
    const background = () =>
      page.evaluate(async () => {
        await new Promise(requestAnimationFrame);
        return getComputedStyle(document.documentElement).backgroundColor;
      });
    assert.equal(await background(), 'rgb(18, 21, 24)');
    await page.reload({ waitUntil: 'commit' });
    await page.locator('.brand').waitFor();
    assert.equal(await background(), 'rgb(18, 21, 24)');
    await page.click('#theme-button');
    assert.equal(await page.getAttribute('html', 'data-theme'), null);
  }));

test('settings: a server answers with its own labels; the token is sent and not kept', () =>
  onPage(
    site,
    async (page) => {
      await modelReady(page);
      await goTo(page, 'settings');
      await page.check('#where-server');
      await page.fill('#server-address', 'nonsense');
      await page.click('#where-form button');
      await shows(page, '#where-hint', 'must look like');
      await page.fill('#server-address', `${site.server.origin}/api`);
      await page.fill('#server-token', 'wrong');
      await page.click('#where-form button');
      await shows(page, '#where-hint', 'asks for a valid token');
      await page.fill('#server-token', 'letmein');
      await page.click('#where-form button');
      await shows(page, '#engine-status', 'Ready, on the server');
      await goTo(page, 'classify');
      await shows(page, '#answer-review', 'sent to the server');
      const email = { ...EMAILS.theft, message: `Grüße! 🙂 ${EMAILS.theft.message}` };
      await write(page, email);
      await shows(page, '#answer-label', 'There');
      await shows(page, '.sentence q', KEYS);
      assert.equal(await page.textContent('.sentence q'), KEYS);
      await shows(page, '.sentence', 'Without this sentence it would be Here');
      assert.deepEqual(
        api.requests
          .slice(-2)
          .map(({ url, authorization, body }) => [url, authorization, JSON.parse(body)]),
        [email, { ...email, explain: true }].map((body) => [
          '/api/classify',
          'Bearer letmein',
          body,
        ]),
      );
      assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes('letmein'));
      await goTo(page, 'settings');
      await page.check('#where-browser');
      await modelReady(page);
    },
    { expectErrors: /401/ },
  ));

test('settings: another server is refused by the page’s own policy, in words', async () => {
  const foreign = createServer((_, response) => response.end('{}'));
  await new Promise((resolve) => foreign.listen(0, '127.0.0.1', resolve));
  let asked = false;
  foreign.on('request', () => {
    asked = true;
  });
  await onPage(
    site,
    async (page) => {
      await goTo(page, 'settings');
      await page.check('#where-server');
      await page.fill('#server-address', `http://127.0.0.1:${foreign.address().port}`);
      await page.click('#where-form button');
      await shows(page, '#where-hint', 'security policy');
      await shows(page, '#engine-problem', 'cannot be reached');
    },
    { expectErrors: /Content Security Policy|Connecting to/ },
  );
  foreign.close();
  assert.ok(!asked, 'the policy let a request out');
});

test('settings: one click erases everything this page stored', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await write(page, EMAILS.theft);
    await page.click('#corrections button >> nth=3');
    await shows(page, '#toasts', 'Saved');
    await goTo(page, 'settings');
    await page.locator('label', { hasText: 'Dark' }).click();
    await page.click('#erase-everything');
    await shows(page, '#toasts', 'is erased');
    assert.deepEqual(await stored(page, 'examples'), []);
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    assert.deepEqual(await page.evaluate(() => caches.keys()), []);
  }));
