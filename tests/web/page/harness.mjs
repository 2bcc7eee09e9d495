// SPDX-License-Identifier: Apache-2.0
// What the tests of the page share: the built page on a server, a browser, a watch over each page.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from '../browser.mjs';
import { ISOLATED, serve } from '../server.mjs';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
export const PATIENCE_MS = 120_000; // nothing is timed here: a slow machine is no failure
export const SITE = `${REPOSITORY}build/web`;

const THEFT = {
  subject: 'car gone from outside the house',
  message:
    "I came out at 6 this morning and my Fiesta wasn't there. Both keys are in the kitchen. Police gave me crime ref 4471 882.",
};
const UNSURE = {
  subject: 'Question',
  message:
    'Someone smashed my window, took the radio and drove into a tree. The engine will not start now.',
};
export const EMAILS = { theft: THEFT, unsure: UNSURE };

/** Emails of the validation set with their labels. @param {number} count */
export function validationEmails(count) {
  const lines = readFileSync(`${REPOSITORY}models/data/validation.jsonl`, 'utf8')
    .trim()
    .split('\n');
  return Array.from({ length: count }, (_, i) => JSON.parse(lines[i % lines.length]));
}

/** A file as Playwright hands it to an input. */
export const file = (name, content) => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(content),
});

export const csv = (rows) =>
  rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\n');

/**
 * The built page on a server for all tests of a file.
 * @param {Parameters<typeof serve>[1]} [options]
 */
export function useServer(options) {
  const site = { server: undefined };
  before(async () => {
    site.server = await serve(SITE, { headers: ISOLATED, ...options });
  });
  after(() => site.server?.close());
  return site;
}

/**
 * The same, and Chromium.
 * @param {Parameters<typeof serve>[1]} [options]
 */
export function useSite(options) {
  const site = useServer(options);
  before(async () => {
    site.browser = await launch();
  });
  after(() => site.browser?.close());
  return site;
}

/**
 * Runs a test on a fresh profile, and fails when the page logged an error, threw, or asked any
 * address but its own.
 * @param {ReturnType<typeof useSite>} site
 * @param {(page: import('playwright-core').Page, watch: { errors: string[], urls: string[] }) => Promise<void>} test
 * @param {{ context?: object, path?: string, expectErrors?: RegExp }} [options]
 */
export async function onPage(
  site,
  test,
  { context: contextOptions, path = '/', expectErrors } = {},
) {
  const context = await site.browser.newContext({
    viewport: { width: 1280, height: 860 },
    ...contextOptions,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const watch = { errors: [], urls: [] };
  const note = (text) => expectErrors?.test(text) || watch.errors.push(text);
  context.on('console', (message) => message.type() === 'error' && note(message.text()));
  context.on('weberror', (error) => note(String(error.error())));
  context.on('request', (request) => watch.urls.push(request.url()));
  try {
    const page = await context.newPage();
    await page.goto(path.startsWith('file:') ? path : site.server.origin + path);
    await test(page, watch);
    assert.deepEqual(watch.errors, [], 'the page logged errors');
    const own = (url) => url.startsWith(site.server.origin) || /^(blob|data|file):/.test(url);
    assert.deepEqual(
      watch.urls.filter((url) => !own(url)),
      [],
      'foreign requests',
    );
  } finally {
    await context.close();
  }
}

/** Waits until the model answers. */
export const modelReady = (page) => page.locator('#engine-status[data-phase="ready"]').waitFor();

/** Waits until a function in the page, which may be async, gives something true. */
export async function until(page, condition, argument) {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await page.evaluate(condition, argument))) {
    assert.ok(Date.now() < deadline, `never came true: ${condition}`);
    await page.waitForTimeout(50);
  }
}

/** Goes to a view as a person does. */
export async function goTo(page, view) {
  await page.locator(`.nav a[href="#/${view}"]`).click();
  await page.locator(`#view-${view}`).waitFor();
}

export async function write(page, { subject, message }) {
  await page.fill('#subject', subject);
  await page.fill('#message', message);
}

/** Waits for the answer that an element's text shows. */
export const shows = (page, selector, text) =>
  page.locator(selector).filter({ hasText: text }).waitFor();

/** The text of a file that a click downloads. */
export async function downloaded(page, selector) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(selector)]);
  return readFileSync(await download.path(), 'utf8');
}

/** Drops files on the page as a person would. */
export async function drop(page, files) {
  const transfer = await page.evaluateHandle((all) => {
    const data = new DataTransfer();
    for (const { name, text } of all) data.items.add(new File([text], name));
    return data;
  }, files);
  await page.dispatchEvent('body', 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}
