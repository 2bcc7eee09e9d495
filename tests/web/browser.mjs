// SPDX-License-Identifier: Apache-2.0
// The system's Chromium, driven by Playwright.
import { chromium } from 'playwright-core';

/** @param {string[]} [flags] */
export function launch(flags = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    // Containers run as root, where Chromium's sandbox cannot start.
    args: ['--no-sandbox', '--disable-dev-shm-usage', ...flags],
  });
}
