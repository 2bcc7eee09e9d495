// SPDX-License-Identifier: Apache-2.0
// Takes the picture of the page in the README, after ./dev test web (or with its packages there):
//
//   node .github/page_picture.mjs > .github/page.webp
import { fileURLToPath } from 'node:url';
import { launch } from '../tests/web/browser.mjs';
import { serve } from '../tests/web/server.mjs';

const EMAIL = {
  subject: 'Car gone from outside the house',
  message: `Hello,

I hope this reaches the right team. I came out at six this morning and my Fiesta was not there. Both keys are in the kitchen and the police gave me crime reference 4471. There was some broken glass on the pavement where it stood.

Could you tell me what you need from me?

Regards,
Jo Miller`,
};

const server = await serve(fileURLToPath(new URL('../build/web', import.meta.url)));
const browser = await launch();
try {
  const page = await browser.newPage({
    viewport: { width: 1200, height: 860 },
    deviceScaleFactor: 1.5,
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  await page.goto(server.origin);
  await page.locator('#engine-status[data-phase="ready"]').waitFor();
  await page.fill('#subject', EMAIL.subject);
  await page.fill('#message', EMAIL.message);
  await page.locator('.sentence').first().waitFor();
  await page.locator('#classify-title').focus();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: 1200, height });
  const client = await page.context().newCDPSession(page);
  const { data } = await client.send('Page.captureScreenshot', { format: 'webp', quality: 90 });
  process.stdout.write(Buffer.from(data, 'base64'));
} finally {
  await browser.close();
  await server.close();
}
