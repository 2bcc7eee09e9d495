// SPDX-License-Identifier: Apache-2.0
// Takes the picture of the page in the README, after ./dev test web (or with its packages there):
//
//   node .github/page_picture.mjs > .github/page.webp
import { fileURLToPath } from 'node:url';
import { launch } from '../tests/web/browser.mjs';
import { serve } from '../tests/web/server.mjs';

const [WIDTH, SCALE] = [1280, 1.5];
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
    viewport: { width: WIDTH, height: 860 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  await page.goto(server.origin);
  await page.locator('#engine-status[data-phase="ready"]').waitFor();
  await page.fill('#subject', EMAIL.subject);
  // As somebody types it: the engine is warm when the last word comes.
  for (const end of [-20, -10, undefined]) {
    await page.fill('#message', EMAIL.message.slice(0, end));
    await page.locator('.sentence').first().waitFor({ state: 'detached' });
    await page.locator('.sentence').first().waitFor();
  }
  await page.locator('#classify-title').focus();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const client = await page.context().newCDPSession(page);
  const { data } = await client.send('Page.captureScreenshot', {
    format: 'webp',
    quality: 85,
    captureBeyondViewport: true,
    clip: { x: 0, y: 0, width: WIDTH, height, scale: SCALE },
  });
  process.stdout.write(Buffer.from(data, 'base64'));
} finally {
  await browser.close();
  await server.close();
}
