// SPDX-License-Identifier: Apache-2.0
// What the tests of the npm package share.
import { readFileSync } from 'node:fs';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch } from '../browser.mjs';
import { ISOLATED, serve } from '../server.mjs';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
export const PACKAGE = `${REPOSITORY}build/npm`;
export const MODEL = `${PACKAGE}/dist/model.ecm`;

export const THEFT = {
  subject: 'car gone',
  message:
    'I came out this morning and my car was gone. Both keys are here, it must have been stolen.',
};

/** The digest that the bundle itself names. */
export function modelDigest() {
  const file = readFileSync(MODEL);
  const header = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE())));
  return JSON.parse(header.__metadata__.sha256.replace(/^([^"].*)$/, '"$1"'));
}

/** A model with one byte of its last tensor changed. */
export function damagedModel() {
  const file = readFileSync(MODEL);
  file[file.length - 1] ^= 1;
  return file;
}

/**
 * Chromium on an empty page of a server that has the package at /package/.
 * @param {Parameters<typeof serve>[1]} [options]
 */
export function useBrowser({ mounts, ...options } = {}) {
  const site = { browser: undefined, server: undefined };
  const blank = (request, response) => {
    if (request.url === '/') {
      response.writeHead(200, { 'content-type': 'text/html', ...ISOLATED });
      response.end('<!doctype html><link rel="icon" href="data:,"><title>test</title>');
      return true;
    }
    return options.intercept?.(request, response);
  };
  before(async () => {
    site.server = await serve(REPOSITORY, {
      headers: ISOLATED,
      mounts: { '/package/': PACKAGE, ...mounts },
      ...options,
      intercept: blank,
    });
    site.browser = await launch();
  });
  after(async () => {
    await site.browser?.close();
    await site.server?.close();
  });
  return site;
}

/**
 * Runs a function with an empty page of a fresh profile.
 * @param {ReturnType<typeof useBrowser>} site
 * @param {(page: import('playwright-core').Page) => Promise<void>} test
 */
export async function onBlankPage(site, test) {
  const context = await site.browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(`${site.server.origin}/`);
    await test(page);
  } finally {
    await context.close();
  }
}

/**
 * Waits until an async function in the page gives something true; waitForFunction does not await.
 * @param {import('playwright-core').Page} page
 */
export async function until(page, condition, argument) {
  const deadline = Date.now() + 30_000;
  while (!(await page.evaluate(condition, argument))) {
    if (Date.now() > deadline) {
      throw new Error(`never came true: ${condition}`);
    }
  }
}
