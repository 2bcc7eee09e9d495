// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drop, EMAILS, file, goTo, modelReady, onPage, shows, useSite, write } from './harness.mjs';

const site = useSite();

test('answers while somebody types', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await page.locator('#subject').pressSequentially(EMAILS.theft.subject);
    await shows(page, '#message-hint', 'A few more words');
    await page.locator('#message').pressSequentially(EMAILS.theft.message.slice(0, 60));
    await shows(page, '#answer-label', 'Car theft');
    await shows(page, '#answer-meta', 'High confidence');
    await shows(page, '#answer-facts', 'Answered by the model');
    await shows(page, '#answer-review', 'No review needed');
    const scores = await page.locator('#answer-bars .bar-row > :last-child').allTextContents();
    assert.equal(scores.length, 6);
    const sum = scores.reduce((total, text) => total + Number.parseFloat(text), 0);
    assert.ok(Math.abs(sum - 100) < 0.5, `scores sum to ${sum}`);
  }));

test('the last text wins, whatever was asked before', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    for (const message of [
      'The windscreen has a chip in it, please replace the glass.',
      'My car will not start, the battery is flat, please tow it.',
      EMAILS.theft.message,
    ]) {
      await write(page, { subject: EMAILS.theft.subject, message });
    }
    await shows(page, '#answer-label', 'Car theft');
    await page.locator('.sentence').first().waitFor();
    assert.equal(await page.textContent('#answer-label'), 'Car theft');
  }));

test('nothing moves when the answer comes', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    const places = () =>
      page.evaluate(() =>
        ['answer-bars', 'answer-facts', 'corrections', 'sentences', 'message'].map(
          (id) => document.getElementById(id).getBoundingClientRect().top,
        ),
      );
    const before = await places();
    await write(page, EMAILS.theft);
    await shows(page, '#answer-label', 'Car theft');
    await page.locator('.sentence').first().waitFor();
    assert.deepEqual(await places(), before);
  }));

test('tells which sentence decided it', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await write(page, {
      subject: 'Question',
      message:
        'Hello, I hope you are well. My car was stolen last night from the driveway. Please send me the papers. Regards, Jo',
    });
    await shows(page, '.sentence', 'My car was stolen last night from the driveway.');
    const first = page.locator('.sentence').first();
    assert.match(await first.innerText(), /stolen last night/);
    assert.match(await first.innerText(), /Without this sentence it would be (?!Car theft)/);
  }));

test('says why a person should read it', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await write(page, EMAILS.unsure);
    await shows(page, '#answer-review', 'A person should read it.');
    await shows(page, '#answer-meta', /(Low|Medium) confidence/);
  }));

test('refusals name the field, and a long message can be cut', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await write(page, { subject: 'x'.repeat(201), message: EMAILS.theft.message });
    await page.locator('#subject[aria-invalid="true"]').waitFor();
    await page.locator('#subject-hint[data-kind="error"]').waitFor();
    await write(page, {
      subject: EMAILS.theft.subject,
      message: `${EMAILS.theft.message} `.repeat(60),
    });
    await page.locator('#message[aria-invalid="true"]').waitFor();
    await page.click('#message-hint button');
    await shows(page, '#answer-label', 'Car theft');
    assert.ok((await page.inputValue('#message')).length <= 5000);
  }));

test('opens .eml files: encoded words, HTML only, attachments left out', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await page.setInputFiles(
      '#email-file',
      file(
        'mail.eml',
        [
          'From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>',
          'Subject: =?utf-8?q?Car_stolen_=E2=80=93_help?=',
          'Content-Type: multipart/mixed; boundary=b',
          '',
          '--b',
          'Content-Type: text/html; charset=utf-8',
          '',
          '<html><head><style>p{color:red}</style></head><body><p>My car was <b>stolen</b><br>last night.</p>',
          '<script>document.title="bad"</script><img src="http://tracker.example/x.gif"></body></html>',
          '--b',
          'Content-Type: text/plain; name=secret.txt',
          'Content-Disposition: attachment; filename=secret.txt',
          '',
          'attached',
          '--b--',
          '',
        ].join('\r\n'),
      ),
    );
    await shows(page, '#answer-label', 'Car theft');
    assert.equal(await page.inputValue('#subject'), 'Car stolen – help');
    assert.equal(await page.inputValue('#message'), 'My car was stolen\nlast night.');
  }));

test('takes dropped .txt, and pasted mail with its headers', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await drop(page, [
      { name: 'note.txt', text: 'Subject: Chip\n\nA stone hit the windscreen and left a chip.' },
    ]);
    await shows(page, '#answer-label', 'Car windshield');
    await page.evaluate(() => {
      const data = new DataTransfer();
      data.setData(
        'text/plain',
        'From: a@example.org\r\nSubject: Renewal price\r\n\r\nMy policy ends on Friday, what will the renewal cost next year?',
      );
      document
        .getElementById('message')
        .dispatchEvent(
          new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
        );
    });
    await shows(page, '#answer-label', 'Car renewal');
    assert.equal(await page.inputValue('#subject'), 'Renewal price');
  }));

test('the paste button reads the clipboard, or says how to paste', () =>
  onPage(
    site,
    async (page) => {
      await modelReady(page);
      await page.fill('#subject', 'Stolen');
      await page.evaluate(() =>
        navigator.clipboard.writeText('My car was stolen from the drive last night.'),
      );
      await page.click('#paste-email');
      await shows(page, '#answer-label', 'Car theft');
      await page.evaluate(() => {
        navigator.clipboard.readText = () =>
          Promise.reject(new DOMException('no', 'NotAllowedError'));
      });
      await page.click('#paste-email');
      await shows(page, '#toasts', 'Ctrl+V');
    },
    { context: { permissions: ['clipboard-read', 'clipboard-write'] } },
  ));

test('an unreadable file is named and nothing else happens', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await write(page, EMAILS.theft);
    await drop(page, [{ name: 'photo.png', text: 'x' }]);
    await shows(page, '#toasts', 'photo.png: only .eml, .txt');
    assert.equal(await page.inputValue('#subject'), EMAILS.theft.subject);
  }));

test('the text of a mail is never taken for HTML', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    const evil =
      '<img src=x onerror="document.title=\'bad\'"> My car was stolen last night from the drive.';
    await write(page, { subject: evil.slice(0, 60), message: evil });
    await shows(page, '#answer-facts', 'Answered by');
    await page.locator('.sentence').first().waitFor();
    await page.locator('.answer-label').click();
    await page.keyboard.press('4');
    await goTo(page, 'training');
    await shows(page, '#training-list', '<img src=x');
    assert.notEqual(await page.title(), 'bad');
    assert.equal(await page.locator('main img').count(), 0);
  }));

test('one key keeps the right label, when it is switched on and outside of the fields', () =>
  onPage(site, async (page) => {
    await modelReady(page);
    await write(page, EMAILS.theft);
    await shows(page, '#answer-label', 'Car theft');
    await page.keyboard.press('2'); // still in the message
    assert.match(await page.inputValue('#message'), /2$/);
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Alt+3');
    await shows(page, '#toasts', 'Saved for training as Car renewal.');
    await page.click('#toasts button:has-text("Undo")');
    await page.locator('#training-count').waitFor({ state: 'hidden' });
    await page.locator('#classify-title').focus();
    await page.keyboard.press('4');
    await shows(page, '#training-count', '1');
    await goTo(page, 'training');
    await page.locator('.switch:has(#shortcuts-on)').click();
    await goTo(page, 'classify');
    await page.keyboard.press('5');
    await goTo(page, 'training');
    assert.equal(await page.locator('#training-list tbody tr').count(), 1);
  }));
