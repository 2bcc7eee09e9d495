// SPDX-License-Identifier: Apache-2.0
// Reading and writing of mail and tables, and the figures of an evaluation: without a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unguard, writeCsv } from '../../../web/src/mail/csv.js';
import { htmlToText } from '../../../web/src/mail/html_text.js';
import { splitMbox } from '../../../web/src/mail/mbox.js';
import { readMessage, readTextFile } from '../../../web/src/mail/message.js';
import { looksLikeMail } from '../../../web/src/mail/message_kind.js';
import { readCsv, readJsonl } from '../../../web/src/mail/table.js';
import { decode } from '../../../web/src/mail/text.js';
import { accuracy, atThreshold, confusion, macroF1, perLabel } from '../../../web/src/metrics.js';

const bytes = (text) => new TextEncoder().encode(text);

test('a cell that begins like a formula is written as text, and read as it was', () => {
  const cells = [
    '=1+1',
    '+44 20 7946',
    '-5',
    '@SUM(A1)',
    '\tx',
    '\rx',
    'plain',
    "'quoted'",
    'a "b", c\nd',
  ];
  const text = writeCsv(
    ['subject', 'message'],
    cells.map((cell) => [cell, 'ten letters']),
  );
  assert.doesNotMatch(text, /(^|,|\n|")[=+\-@\t\r]/m);
  assert.deepEqual(
    [...readCsv('x.csv', text)].map(({ subject }) => subject),
    cells,
  );
  assert.match(text, /"'=1\+1"/);
  assert.equal(unguard("'hello"), "'hello");
  assert.match(writeCsv(['n'], [[-1.5]]), /\r\n-1\.5\r\n/, 'numbers stay numbers');
});

test('CSV: any case, BOM, quotes, line ends; a missing column is named', () => {
  const text = '\uFEFFSUBJECT;x\n'.replace(
    ';x',
    ',Message,Label\r\n"a, b","two\nlines",CarTheft\r\n\r\nc,"say ""hi""",\r\n',
  );
  assert.deepEqual(
    [...readCsv('m.csv', text)],
    [
      { subject: 'a, b', message: 'two\nlines', origin: 'm.csv, row 1', label: 'CarTheft' },
      { subject: 'c', message: 'say "hi"', origin: 'm.csv, row 2' },
    ],
  );
  assert.throws(
    () => [...readCsv('m.csv', 'subject,body\na,b\n')],
    /m\.csv has no column “message”\. Found: subject, body\./,
  );
  assert.throws(
    () => [...readCsv('m.csv', 'subject,message\na,"b\n')],
    /a quoted field does not end/,
  );
});

test('JSONL: a bad line is named by its number, without its text', () => {
  const good = '{"Subject":"a","MESSAGE":"b","label":"Other"}\n\n';
  assert.deepEqual(
    [...readJsonl('m.jsonl', good)],
    [{ subject: 'a', message: 'b', origin: 'm.jsonl, row 1', label: 'Other' }],
  );
  for (const bad of ['secret', '[1]', 'null', '{"subject":']) {
    assert.throws(
      () => [...readJsonl('m.jsonl', good + bad)],
      (error) =>
        /line 3: not a JSON object/.test(error.message) && !error.message.includes('secret'),
    );
  }
  assert.throws(
    () => [...readJsonl('m.jsonl', '{"subject":"a"}')],
    /line 1, has no column “message”/,
  );
});

test('mailboxes are split at From lines, and quoted ones are restored', () => {
  const messages = [
    ...splitMbox(
      bytes(
        'From a@b Mon\nSubject: 1\n\nHello\n>From here on\n>>From\n\nFrom c@d Tue\nSubject: 2\n\nFromage\n',
      ),
    ),
  ].map((part) => new TextDecoder().decode(part));
  assert.deepEqual(messages, [
    'Subject: 1\n\nHello\nFrom here on\n>>From\n\n',
    'Subject: 2\n\nFromage\n',
  ]);
  assert.deepEqual([...splitMbox(bytes('no mailbox\n'))], []);
  const binary = Uint8Array.from([...bytes('From x\nSubject: a\n\n>From '), 0xff, 0x80, 10]);
  assert.deepEqual([...splitMbox(binary)][0].slice(-3), Uint8Array.from([0xff, 0x80, 10]));
});

test('HTML becomes readable text', () => {
  assert.equal(
    htmlToText(
      '<head><title>no</title></head><p>Hello&nbsp;<b>you</b> &amp; me</p><style>p{}</style><ul><li>one<li>two</ul>a<br>b<script>x()</script>',
    ),
    'Hello\u00a0you & me\n\none\n\ntwo\n\na\nb',
  );
  assert.equal(htmlToText('<pre>a  b\n  c</pre>'), 'a  b\nc');
  assert.equal(htmlToText('<p>not closed <b>'), 'not closed');
  assert.equal(htmlToText(''), '');
});

test('messages: plain text is preferred, encodings are decoded, a bare text may name its subject', async () => {
  const alternative =
    'Subject: s\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>html</p>\n--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nB=FCro\n--b--\n';
  assert.deepEqual(await readMessage(alternative), { subject: 's', message: 'Büro' });
  assert.deepEqual(await readTextFile(bytes('Subject: Chip\n\nA stone hit it.\n')), {
    subject: 'Chip',
    message: 'A stone hit it.',
  });
  assert.deepEqual(await readTextFile(bytes('just words')), { subject: '', message: 'just words' });
  assert.deepEqual(await readTextFile(bytes('From: a@b.c\nSubject: x\n\nbody')), {
    subject: 'x',
    message: 'body',
  });
  assert.equal(decode(Uint8Array.from([0x42, 0xfc, 0x72, 0x6f])), 'Büro');
  assert.ok(!looksLikeMail('Subject: only this\n\ntext'));
  assert.ok(!looksLikeMail('To: whom it may concern\n\nSubject: x'));
});

test('figures of an evaluation, worked out by hand', () => {
  const judged = [
    ['a', 'a', 0.95],
    ['a', 'b', 0.6],
    ['b', 'b', 0.99],
    ['b', 'b', 0.5],
  ].map(([label, predicted, confidence]) => ({ label, predicted, confidence }));
  const matrix = confusion(['a', 'b', 'c'], judged);
  assert.deepEqual(matrix, [
    [1, 1, 0],
    [0, 2, 0],
    [0, 0, 0],
  ]);
  const [a, b, c] = perLabel(matrix);
  assert.deepEqual([a.precision, a.recall, a.support], [1, 0.5, 2]);
  assert.deepEqual([b.precision, b.recall, c.f1, c.support], [2 / 3, 1, 0, 0]);
  assert.equal(accuracy(judged), 0.75);
  assert.ok(Math.abs(macroF1([a, b, c]) - (2 / 3 + 0.8) / 2) < 1e-12);
  assert.deepEqual(atThreshold(judged, 0.9), {
    coverage: 0.5,
    accuracy: 1,
    slipped: 0,
    caught: 1,
    reviewed: 2,
  });
  assert.deepEqual(atThreshold([], 0.9), {
    coverage: 0,
    accuracy: 0,
    slipped: 0,
    caught: 0,
    reviewed: 0,
  });
});
