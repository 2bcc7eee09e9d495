// SPDX-License-Identifier: Apache-2.0
// WCAG 2.2 AA as far as a program can tell, the keyboard, narrow windows, print.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import {
  csv,
  EMAILS,
  file,
  goTo,
  modelReady,
  onPage,
  shows,
  useSite,
  validationEmails,
  write,
} from './harness.mjs';

const site = useSite();
const VIEWS = ['classify', 'batch', 'history', 'training', 'evaluate', 'settings'];

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/** Axe's complaints as short lines. */
async function complaints(page, axe = new AxeBuilder({ page }).withTags(TAGS)) {
  const { violations } = await axe.analyze();
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
  );
}

/** Fills every view with something to look at. */
async function fill(page) {
  const emails = validationEmails(520).filter((_, i) => i % 20 === 0); // more than a page of them
  await goTo(page, 'history');
  await page.locator('.switch:has(#history-on)').click();
  await goTo(page, 'batch');
  await page.setInputFiles('#batch-files', [
    file(
      'm.csv',
      csv([['subject', 'message'], ...emails.map((e) => [e.subject, e.message]), ['x', 'y']]),
    ),
  ]);
  await shows(page, '#batch-progress-title', /Done/);
  await goTo(page, 'evaluate');
  await page.setInputFiles('#evaluate-file', [
    file(
      'l.csv',
      csv([['subject', 'message', 'label'], ...emails.map((e) => [e.subject, e.message, e.label])]),
    ),
  ]);
  await page.locator('#evaluate-results').waitFor();
  await goTo(page, 'classify');
  await write(page, EMAILS.unsure);
  await shows(page, '#answer-review', 'A person should read it.');
  await page.locator('.sentence').first().waitFor();
  await page.click('#corrections button >> nth=3');
  await shows(page, '#toasts', 'Saved');
  await goTo(page, 'settings');
  await page.click('#verify');
  await shows(page, '#verify-result', 'This build is right');
}

test('axe finds nothing in any view, empty or full, light or dark', () =>
  onPage(
    site,
    async (page) => {
      await modelReady(page);
      const found = [];
      const note = (where, lines) => found.push(...lines.map((line) => `${where}: ${line}`));
      for (const state of ['empty', 'full']) {
        if (state === 'full') await fill(page);
        for (const view of VIEWS) {
          await goTo(page, view);
          note(`${view}, ${state}, light`, await complaints(page));
          await page.emulateMedia({ colorScheme: 'dark' });
          // Nothing but colours differs in the dark.
          const axe = new AxeBuilder({ page }).withRules(COLOUR_RULES);
          note(`${view}, ${state}, dark`, await complaints(page, axe));
          await page.emulateMedia({ colorScheme: 'light' });
        }
      }
      assert.deepEqual(found, []);
    },
    { context: { colorScheme: 'light', reducedMotion: 'reduce' } },
  ));

test('320 pixels: no view is wider than the window', () =>
  onPage(
    site,
    async (page) => {
      await modelReady(page);
      await fill(page);
      for (const view of VIEWS) {
        await goTo(page, view);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 320, `${view} is ${width} wide`);
      }
      assert.deepEqual(await complaints(page), []);
    },
    { context: { viewport: { width: 320, height: 640 } } },
  ));

test('the keyboard alone: skip link, views, an email, its label', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await page.keyboard.press('Tab');
    assert.equal(
      await page.evaluate(() => document.activeElement.textContent),
      'Skip to the content',
    );
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    assert.ok(await page.isVisible('#view-classify'), 'skipping does not change the view');
    const focus = async (id) => {
      for (let i = 0; i < 12; i++) {
        if ((await page.evaluate(() => document.activeElement.id)) === id) return;
        await page.keyboard.press('Tab');
      }
      assert.fail(`#${id} cannot be reached by Tab`);
    };
    await focus('subject');
    await page.keyboard.type(EMAILS.theft.subject);
    await focus('message');
    await page.keyboard.type(EMAILS.theft.message);
    await shows(page, '#answer-label', 'Car theft');
    await page.keyboard.press('Tab');
    const outline = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      return {
        tag: document.activeElement.tagName,
        width: style.outlineWidth,
        style: style.outlineStyle,
      };
    });
    assert.deepEqual(outline, { tag: 'BUTTON', width: '2px', style: 'solid' });
    await page.keyboard.press('Enter');
    await shows(page, '#training-count', '1');
    await page.locator('.nav a').nth(3).focus();
    await page.keyboard.press('Enter');
    await page.locator('#view-training').waitFor();
    assert.equal(
      await page.evaluate(() => document.activeElement.id),
      'training-title',
      'the focus follows',
    );
  }));

test('screen readers hear the answer once it stands', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await write(page, EMAILS.theft);
    await shows(page, '#announcer', /Car theft, high confidence, 9\d/).catch(async () => {
      assert.fail(`announced: ${await page.textContent('#announcer')}`);
    });
    assert.equal(await page.getAttribute('#announcer', 'role'), 'status');
  }));

test('reduced motion stops transitions; print leaves out what cannot be used on paper', () =>
  onPage(
    site,
    async (page) => {
      await modelReady(page);
      const duration = await page.evaluate(
        () => getComputedStyle(document.querySelector('.fill')).transitionDuration,
      );
      assert.equal(duration, '0.001s');
      await page.emulateMedia({ media: 'print' });
      for (const selector of ['.nav', '.top', '.toolbar', '#corrections'])
        assert.ok(await page.isHidden(selector), selector);
      assert.ok(await page.isVisible('#answer'));
    },
    { context: { reducedMotion: 'reduce' } },
  ));
