// SPDX-License-Identifier: Apache-2.0
// The page in Firefox: it answers, sorts a table, verifies itself, and asks no other host.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { NEEDS_FIREFOX, onFirefox } from '../browser.mjs';
import { csv, EMAILS, PATIENCE_MS, useServer, validationEmails } from './harness.mjs';

const BATCH = 50;
const site = useServer();
const folder = mkdtempSync(join(tmpdir(), 'firefox-'));
after(() => rmSync(folder, { recursive: true }));

/**
 * Waits until the text of an element, which need not be in view, includes another. By asking again:
 * the page's policy keeps older versions of Firefox from waitForFunction.
 */
async function shows(page, selector, text) {
  const read = (selector) => document.querySelector(selector)?.textContent ?? '';
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await page.evaluate(read, selector)).includes(text)) {
    assert.ok(Date.now() < deadline, `${selector} does not show "${text}"`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('Firefox: an email, a batch, the shipped emails, and no foreign request', NEEDS_FIREFOX, () =>
  onFirefox(async (page) => {
    page.setDefaultTimeout(PATIENCE_MS);
    const [urls, errors] = [[], []];
    page.on('request', (request) => urls.push(request.url()));
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));

    await page.goto(`${site.server.origin}/`);
    await page.waitForSelector('#engine-status[data-phase="ready"]');
    await page.type('#subject', EMAILS.theft.subject);
    await page.type('#message', EMAILS.theft.message);
    await shows(page, '#answer-label', 'Car theft');
    await shows(page, '#answer-facts', 'Answered by the model');
    await page.waitForSelector('.sentence');

    const table = join(folder, 'emails.csv');
    const rows = validationEmails(BATCH).map(({ subject, message }) => [subject, message]);
    writeFileSync(table, csv([['subject', 'message'], ...rows]));
    await page.click('.nav a[href="#/batch"]');
    await (await page.$('#batch-files')).uploadFile(table);
    await shows(page, '#batch-progress-title', `Done, ${BATCH} emails`);
    assert.match(await page.$eval('#batch-tiles', (tiles) => tiles.textContent), /Classified\s*50/);

    await page.click('.nav a[href="#/settings"]');
    await page.click('#verify');
    await shows(page, '#verify-result', 'This build is right');

    assert.ok(urls.some((url) => url.includes('/assets/model-')));
    const own = (url) => url.startsWith(`${site.server.origin}/`) || /^(blob|data):/.test(url);
    assert.deepEqual(
      urls.filter((url) => !own(url)),
      [],
    );
    assert.deepEqual(errors, []);
  }),
);
