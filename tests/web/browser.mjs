// SPDX-License-Identifier: Apache-2.0
// The system's Chromium, driven by Playwright, and its Firefox, which Playwright cannot drive, by
// Puppeteer over WebDriver BiDi.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';

/** @param {string[]} [flags] */
export function launch(flags = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Containers run as root, where Chromium's sandbox cannot start.
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...flags],
  });
}

const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

/** Options of a test that needs Firefox. */
export const NEEDS_FIREFOX = {
  skip: existsSync(FIREFOX)
    ? false
    : `there is no Firefox here (${FIREFOX}; FIREFOX names another)`,
};

/**
 * Runs a test with an empty tab of a fresh Firefox.
 * @param {(page: import('puppeteer-core').Page) => Promise<void>} test
 */
export async function onFirefox(test) {
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: FIREFOX });
  try {
    await test(await browser.newPage());
  } finally {
    await browser.close();
  }
}
