// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  csv,
  downloaded,
  EMAILS,
  file,
  goTo,
  modelReady,
  onPage,
  PATIENCE_MS,
  shows,
  until,
  useSite,
  validationEmails,
} from './harness.mjs';

const site = useSite();
const TITLE = '#batch-progress-title';

const tableOf = (emails) =>
  csv([['Subject', 'MESSAGE'], ...emails.map(({ subject, message }) => [subject, message])]);

/** Opens Batch with files. */
async function start(page, files) {
  await goTo(page, 'batch');
  await page.setInputFiles('#batch-files', files);
}

const done = (page, count) => shows(page, TITLE, `Done, ${count.toLocaleString('en')} email`);

test('1,000 emails: all answered, in order, as the same emails one by one', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    const emails = validationEmails(1000);
    await start(page, [file('claims.csv', tableOf(emails))]);
    await page
      .locator(TITLE)
      .filter({ hasText: /Done/ })
      .waitFor({ timeout: 5 * PATIENCE_MS });
    await done(page, 1000);
    const { emails: answers } = JSON.parse(await downloaded(page, '#batch-json'));
    assert.deepEqual(
      answers.map(({ subject }) => subject),
      emails.map(({ subject }) => subject),
    );
    const right = answers.filter(({ label }, i) => label === emails[i].label).length;
    assert.ok(right > 900, `${right} right`);
    const again = emails.findIndex((email, i) => i > 0 && email.message === emails[0].message);
    assert.deepEqual(answers[again].scores, answers[0].scores, 'the same email, the same answer');
    assert.deepEqual(Object.keys(answers[0].scores).length, 6);
    assert.match(await page.innerText('#batch-tiles'), /Classified\s+1,000/);
  }));

test('every kind of file; what cannot be read is named, the rest is done', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    const { subject, message } = EMAILS.theft;
    await start(page, [
      file(
        'a.jsonl',
        `${JSON.stringify({ subject, message })}\n${JSON.stringify({ subject, message: 'short' })}`,
      ),
      file(
        'b.mbox',
        `From a@b Mon\nSubject: ${subject}\n\n${message}\n\nFrom c@d Tue\nSubject: Chip\n\nA stone hit the windscreen of my car.\n`,
      ),
      file('c.eml', `From: a@example.org\nSubject: ${subject}\n\n${message}`),
      file('d.csv', 'subject,body\nx,y\n'),
      file('e.png', 'x'),
    ]);
    await done(page, 5);
    await shows(page, '#batch-notes', 'd.csv has no column “message”');
    await shows(page, '#batch-notes', 'e.png: only');
    assert.match(await page.innerText('#batch-tiles'), /Refused\s+1/);
    await page.selectOption('#batch-filter', 'refused');
    assert.equal(await page.locator('#batch-table tbody tr').count(), 1);
  }));

test('pause, go on, cancel: what is done is kept', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await start(page, [file('many.csv', tableOf(validationEmails(510)))]);
    await shows(page, TITLE, /Classifying, [1-9]/);
    await page.click('#batch-pause');
    await shows(page, TITLE, 'Paused at');
    await page.locator('#batch-pause', { hasText: 'Go on' }).waitFor();
    // The slice that was on its way arrives, then it stands still.
    const rate = () =>
      page.evaluate(() => document.querySelector('#batch-bar').getAttribute('aria-valuenow'));
    await goTo(page, 'classify');
    await page.fill('#subject', EMAILS.theft.subject);
    await page.fill('#message', EMAILS.theft.message);
    await shows(page, '#answer-label', 'Car theft');
    await goTo(page, 'batch');
    const paused = Number(await rate());
    assert.ok(paused > 0 && paused < 510, `paused at ${paused}`);
    await page.click('#batch-pause');
    await page.waitForFunction(
      (before) =>
        Number(document.querySelector('#batch-bar').getAttribute('aria-valuenow')) > before,
      paused,
    );
    await page.click('#batch-cancel');
    await shows(page, TITLE, 'Cancelled at');
    const { emails } = JSON.parse(await downloaded(page, '#batch-json'));
    assert.ok(emails.length > paused && emails.length < 510, `${emails.length} kept`);
    assert.ok(emails.every(({ label }) => label));
  }));

test('paused and resumed while a slice is on its way: every email once, in order', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    const emails = validationEmails(100);
    await start(page, [file('many.csv', tableOf(emails))]);
    await shows(page, TITLE, 'Classifying');
    await page.evaluate(() => {
      const button = document.querySelector('#batch-pause');
      button.click();
      button.click();
    });
    await done(page, 100);
    const { emails: answers } = JSON.parse(await downloaded(page, '#batch-json'));
    assert.deepEqual(
      answers.map(({ subject }) => subject),
      emails.map(({ subject }) => subject),
    );
  }));

test('rows that stand keep their focus while the batch goes on', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await start(page, [file('many.csv', tableOf(validationEmails(500)))]);
    const pager = '#batch-table .pager';
    await shows(page, pager, '1 to 25 of');
    const before = await page.innerText(pager);
    await page.focus('#batch-table tbody tr:first-child button');
    await until(page, ([at, text]) => document.querySelector(at).innerText !== text, [
      pager,
      before,
    ]);
    const focused = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
    assert.equal(focused, 'Open email 1 in Classify');
  }));

test('the table sorts, turns pages, opens an email; the chart has a table', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await start(page, [file('some.csv', tableOf(validationEmails(60)))]);
    await done(page, 60);
    const confidences = async () =>
      (await page.locator('#batch-table tbody tr td:nth-child(4)').allTextContents()).map(
        Number.parseFloat,
      );
    await page.click('#batch-table .sort:has-text("Confidence")');
    const up = await confidences();
    assert.equal(up.length, 25);
    assert.deepEqual(
      up,
      up.toSorted((a, b) => a - b),
    );
    await page.click('#batch-table .sort:has-text("Confidence")');
    assert.equal(await page.getAttribute('#batch-table th[aria-sort]', 'aria-sort'), 'descending');
    assert.ok((await confidences())[0] >= up.at(-1));
    await page.click('#batch-table button:has-text("Next")');
    await page.click('#batch-table button:has-text("Next")');
    await shows(page, '#batch-table .pager', '51 to 60 of 60');
    await page.locator('label', { hasText: 'Table' }).first().click();
    const counts = await page.locator('#batch-chart td:nth-child(2)').allTextContents();
    assert.equal(
      counts.reduce((sum, text) => sum + Number(text), 0),
      60,
    );
    const subject = await page.innerText('#batch-table tbody tr:first-child .clip');
    await page.click('#batch-table tbody tr:first-child button');
    assert.equal(await page.inputValue('#subject'), subject);
  }));

test('no cell of a download is a formula', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    const message = '=HYPERLINK("http://evil.example","x") my car was stolen last night';
    await start(page, [
      file(
        'evil.csv',
        csv([
          ['subject', 'message'],
          ['@SUM(1+1)*cmd', message],
          ['-2+3', '+1 short'],
        ]),
      ),
    ]);
    await done(page, 2);
    const text = await downloaded(page, '#batch-csv');
    assert.match(text, /'@SUM/);
    assert.match(text, /"'=HYPERLINK\(""http/);
    assert.doesNotMatch(text, /(^|,|\n|")[=+\-@]/);
    const { emails } = JSON.parse(await downloaded(page, '#batch-json'));
    assert.equal(emails[0].message, message, 'JSON keeps it as it was');
  }));
