// SPDX-License-Identifier: Apache-2.0
// The npm package in Node.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ClassifierError, createClassifier } from '../../../build/npm/dist/index.node.js';
import { damagedModel, modelDigest, MODEL, PACKAGE, THEFT } from './helper.mjs';

const run = promisify(execFile);

describe('a classifier', () => {
  /** @type {import('../../../build/npm/dist/index.js').Classifier} */
  let classifier;
  const progress = [];
  before(async () => {
    classifier = await createClassifier({ onProgress: (step) => progress.push(step) });
  });
  after(() => classifier.close());

  it('reports the bytes of the model', () => {
    const size = readFileSync(MODEL).length;
    assert.deepEqual(progress.at(-1), { loaded: size, total: size });
    assert.ok(progress.every(({ loaded }, i) => i === 0 || loaded > progress[i - 1].loaded));
  });

  it('tells what model and engine it uses', () => {
    const { loaded, digest, labels, engine } = classifier.modelInfo;
    assert.equal(loaded, true);
    assert.equal(digest, modelDigest());
    assert.equal(labels.length, 6);
    assert.equal(engine.threads, 1);
    assert.equal(classifier.limits.subject_max, 200);
  });

  it('classifies, and remembers the answer', async () => {
    const first = await classifier.classify(THEFT);
    assert.equal(first.label, 'CarTheft');
    assert.equal(first.source, 'model');
    assert.equal(first.class_id, classifier.modelInfo.labels.indexOf('CarTheft'));
    const again = await classifier.classify(THEFT);
    assert.equal(again.source, 'cache');
    assert.deepEqual(again.scores, first.scores);
  });

  it('names the field at fault', async () => {
    for (const [email, code, field] of [
      [{ subject: '', message: THEFT.message }, 'too_short', 'subject'],
      [{ subject: 'x', message: 'short' }, 'too_short', 'message'],
      [{ subject: 'x'.repeat(201), message: THEFT.message }, 'too_long', 'subject'],
      [{ subject: 'a\u0001b', message: THEFT.message }, 'character', 'subject'],
      [{ subject: 7, message: THEFT.message }, 'argument', 'subject'],
      [{ subject: 'x' }, 'argument', 'message'],
      [undefined, 'argument', 'subject'],
    ]) {
      await assert.rejects(classifier.classify(email), (error) => {
        assert.ok(error instanceof ClassifierError);
        assert.equal(error.code, code);
        assert.equal(error.field, field);
        return true;
      });
    }
  });

  it('answers a batch in order, refused emails in their place', async () => {
    const emails = Array.from({ length: 37 }, (_, i) =>
      i % 5 === 3 ? { subject: `${i}`, message: '' } : { ...THEFT, subject: `number ${i}` },
    );
    const steps = [];
    const results = await classifier.classifyBatch(emails, {
      onProgress: (done, total, part) => steps.push([done, total, part.length]),
    });
    assert.equal(results.length, 37);
    results.forEach(({ answer, error }, i) => {
      assert.equal(error?.code, i % 5 === 3 ? 'too_short' : undefined);
      assert.equal(answer?.label, i % 5 === 3 ? undefined : 'CarTheft');
    });
    assert.deepEqual(steps.at(-1).slice(0, 2), [37, 37]);
    assert.equal(
      steps.reduce((sum, [, , part]) => sum + part, 0),
      37,
    );
    assert.deepEqual(await classifier.classifyBatch([]), []);
  });

  it('explains in indices of the string', async () => {
    const message = 'Guten Tag 😀😀 Grüße. My car was stolen last night. Police were informed.';
    const { label, sentences, runner_up } = await classifier.explain({
      subject: 'Hilfe ü',
      message,
    });
    assert.equal(label, 'CarTheft');
    assert.notEqual(runner_up, label);
    const parts = sentences.map(({ field, start, end }) =>
      (field === 'subject' ? 'Hilfe ü' : message).slice(start, end),
    );
    assert.equal(parts[0], 'Hilfe ü');
    assert.ok(parts.includes('My car was stolen last night.'), parts.join('|'));
    assert.equal(parts.at(-1), 'Police were informed.');
    assert.ok(sentences.every((s) => s.label_without && Number.isFinite(s.weight)));
  });

  it('says what it did not read', async () => {
    const message =
      'Grüße 😀. My car was stolen last night from the drive in front of our house, and the ' +
      'police know about it.\n\nAnn wrote:\n> Your windshield is in.\n';
    const { label, left_out } = await classifier.explain({ subject: 'Re: glass', message });
    assert.equal(label, 'CarTheft');
    assert.deepEqual(
      left_out.map(({ kind, start, end }) => [kind, message.slice(start, end)]),
      [['quoted', 'Ann wrote:\n> Your windshield is in.']],
    );
  });

  it('cancels', async () => {
    const before = new AbortController();
    before.abort();
    await assert.rejects(classifier.classify(THEFT, { signal: before.signal }), {
      name: 'AbortError',
    });

    const during = new AbortController();
    const kept = [];
    const emails = Array.from({ length: 400 }, (_, i) => ({ ...THEFT, subject: `cancel ${i}` }));
    await assert.rejects(
      classifier.classifyBatch(emails, {
        signal: during.signal,
        onProgress: (done, total, part) => {
          kept.push(...part);
          during.abort(new Error('enough'));
        },
      }),
      { message: 'enough' },
    );
    assert.ok(kept.length > 0 && kept.length < emails.length);
    assert.equal((await classifier.classify(THEFT)).label, 'CarTheft');
  });

  it('lets a single email go before a batch', async () => {
    const order = [];
    const emails = Array.from({ length: 64 }, (_, i) => ({ ...THEFT, subject: `batch ${i}` }));
    await Promise.all([
      classifier.classifyBatch(emails).then(() => order.push('batch')),
      classifier
        .classify({ ...THEFT, subject: 'typed meanwhile' })
        .then(() => order.push('single')),
    ]);
    assert.deepEqual(order, ['single', 'batch']);
  });
});

describe('loading', () => {
  it('answers by rules until the model is there', async () => {
    const classifier = await createClassifier({ waitForModel: false });
    assert.equal(classifier.modelInfo.loaded, false);
    const early = await classifier.classify(THEFT);
    assert.equal(early.source, 'rules');
    assert.equal(early.fallback_used, true);
    assert.equal((await classifier.modelReady).loaded, true);
    assert.equal((await classifier.classify(THEFT)).source, 'model');
    classifier.close();
  });

  for (const [what, options, code] of [
    ['a missing file', { modelUrl: '/nowhere/model.ecm' }, 'download'],
    ['an address that nobody serves', { modelUrl: 'http://127.0.0.1:9/model.ecm' }, 'download'],
    ['a damaged model', { model: damagedModel() }, 'digest'],
    ['something else', { model: new Uint8Array(5000) }, 'bundle'],
    ['nothing', { model: new Uint8Array() }, 'bundle'],
    ['another model than asked for', { modelDigest: '0'.repeat(64) }, 'digest'],
  ]) {
    it(`refuses ${what}, and rules go on`, async () => {
      await assert.rejects(createClassifier(options), { name: 'ClassifierError', code });
      const classifier = await createClassifier({ ...options, waitForModel: false });
      await assert.rejects(classifier.modelReady, { code });
      assert.equal((await classifier.classify(THEFT)).source, 'rules');
      classifier.close();
    });
  }

  it('takes the model as bytes or Blob, with the digest that it has', async () => {
    const bytes = readFileSync(MODEL);
    for (const model of [bytes, new Blob([bytes])]) {
      const classifier = await createClassifier({ model, modelDigest: modelDigest() });
      assert.equal((await classifier.classify(THEFT)).label, 'CarTheft');
      classifier.close();
    }
  });

  it('stops when it is cancelled', async () => {
    const abort = new AbortController();
    const loading = createClassifier({
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('no')),
    });
    await assert.rejects(loading, { message: 'no' });
  });

  it('runs on two threads with the same answer', async () => {
    const [one, two] = await Promise.all([createClassifier(), createClassifier({ threads: 2 })]);
    assert.equal(two.modelInfo.engine.threads, 2);
    const [a, b] = await Promise.all([one.classify(THEFT), two.classify(THEFT)]);
    assert.deepEqual(a.scores, b.scores);
    one.close();
    two.close();
  });
});

describe('ending', () => {
  it('rejects what waits and what comes later', async () => {
    const classifier = await createClassifier({ waitForModel: false });
    const waiting = classifier.classify(THEFT);
    classifier.close();
    await assert.rejects(waiting, { code: 'closed' });
    await assert.rejects(classifier.classify(THEFT), { code: 'closed' });
    classifier.close();
  });

  it('does not keep the process alive', async () => {
    const script = `import { createClassifier } from '${PACKAGE}/dist/index.node.js';
      const c = await createClassifier();
      console.log((await c.classify(${JSON.stringify(THEFT)})).label);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 60_000,
    });
    assert.equal(stdout.trim(), 'CarTheft');
  });

  it('is done by the garbage collector for a forgotten classifier', async () => {
    const script = `import { createClassifier } from '${PACKAGE}/dist/index.node.js';
      import { Worker } from 'node:worker_threads';
      let ended = 0;
      const terminate = Worker.prototype.terminate;
      Worker.prototype.terminate = function () { ended++; return terminate.call(this); };
      await (async () => { await (await createClassifier({ waitForModel: false })).modelReady; })();
      for (let i = 0; i < 200 && ended === 0; i++) {
        globalThis.gc();
        await new Promise((resolve) => setImmediate(resolve));
      }
      console.log('ended', ended);`;
    const { stdout } = await run(
      process.execPath,
      ['--expose-gc', '--input-type=module', '-e', script],
      { timeout: 60_000 },
    );
    assert.equal(stdout.trim(), 'ended 1');
  });
});
