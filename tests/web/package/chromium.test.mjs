// SPDX-License-Identifier: Apache-2.0
// The npm package in a real Chromium.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  damagedModel,
  modelDigest,
  MODEL,
  onBlankPage,
  THEFT,
  until,
  useBrowser,
} from './helper.mjs';

const MODEL_PATH = '/package/dist/model.ecm';
const DIGEST = modelDigest();

// What the server gives for the model; tests change it.
const serving = { damaged: false, hang: false, broken: false };
const site = useBrowser({
  intercept(request, response) {
    if (!request.url.startsWith(MODEL_PATH)) {
      return false;
    }
    const body = serving.damaged ? damagedModel() : readFileSync(MODEL);
    // The browser's own cache must not answer in place of ours.
    response.writeHead(200, { 'content-length': body.length, 'cache-control': 'no-store' });
    if (serving.broken) {
      response.write(body.subarray(0, 1 << 20), () => response.destroy());
    } else if (serving.hang) {
      response.write(body.subarray(0, 1 << 20));
    } else {
      response.end(body);
    }
    return true;
  },
});
const test = (name, body) => it(name, () => onBlankPage(site, body));
const modelRequests = () => site.server.requests.filter((path) => path === MODEL_PATH).length;

/** In the page: makes a classifier, classifies, closes. */
const classifyOnce = (page, options, email = THEFT) =>
  page.evaluate(
    async ([options, email]) => {
      const { createClassifier } = await import('/package/dist/index.js');
      const classifier = await createClassifier(options);
      const answer = await classifier.classify(email);
      const { engine } = classifier.modelInfo;
      classifier.close();
      return { answer, engine };
    },
    [options, email],
  );

describe('engines', () => {
  test('all give the same answer', async (page) => {
    const base = '/package/dist/';
    const results = [];
    for (const variant of ['simd', 'relaxed']) {
      for (const threads of [1, 2]) {
        const { answer, engine } = await classifyOnce(page, { variant, threads, baseUrl: base });
        assert.deepEqual(engine, { version: engine.version, variant, threads });
        results.push(answer.scores);
      }
    }
    results.forEach((scores) => assert.deepEqual(scores, results[0]));
  });

  test('relaxed SIMD is chosen where there is one', async (page) => {
    const { engine } = await classifyOnce(page, {});
    assert.deepEqual([engine.variant, engine.threads], ['relaxed', 1]);
  });

  test('come from bytes for a page in one file', async (page) => {
    const answer = await page.evaluate(async (email) => {
      const { createClassifier } = await import('/package/dist/index.js');
      const bytes = async (name) =>
        new Uint8Array(await (await fetch(`/package/dist/${name}`)).arrayBuffer());
      const classifier = await createClassifier({
        wasm: await bytes('simd.wasm'),
        variant: 'simd',
        model: await bytes('model.ecm'),
        createWorker: () => new Worker('/package/dist/worker.js', { type: 'module' }),
      });
      return classifier.classify(email);
    }, THEFT);
    assert.equal(answer.label, 'CarTheft');
  });
});

describe('the cache', () => {
  const load = (page, options) => classifyOnce(page, { modelDigest: DIGEST, ...options });
  const entries = (page) =>
    page.evaluate(async () =>
      (await (await caches.open('email-classifier-models')).keys()).map(({ url }) => url),
    );
  /** Waits for the entry that is written after the classifier is ready. */
  const kept = (page) =>
    until(
      page,
      async () => (await (await caches.open('email-classifier-models')).keys()).length === 1,
    );
  // The page keeps the classifier open until its model is kept.
  const loadAndKeep = async (page) => {
    await page.evaluate(async (modelDigest) => {
      const { createClassifier } = await import('/package/dist/index.js');
      globalThis.classifier = await createClassifier({ modelDigest });
    }, DIGEST);
    await kept(page);
  };

  test('answers the second time', async (page) => {
    const before = modelRequests();
    await loadAndKeep(page);
    assert.equal(modelRequests(), before + 1);
    await load(page);
    assert.equal(modelRequests(), before + 1);
  });

  test('is not used without a digest', async (page) => {
    const before = modelRequests();
    await classifyOnce(page, {});
    await classifyOnce(page, {});
    assert.equal(modelRequests(), before + 2);
    assert.deepEqual(await entries(page), []);
  });

  test('throws a damaged entry away and fetches anew', async (page) => {
    await loadAndKeep(page);
    await page.evaluate(async () => {
      const cache = await caches.open('email-classifier-models');
      const [key] = await cache.keys();
      await cache.put(key, new Response(new Uint8Array(1000)));
    });
    const before = modelRequests();
    const { answer } = await load(page);
    assert.equal(answer.label, 'CarTheft');
    assert.equal(modelRequests(), before + 1);
  });

  test('forgets older models of the same address, not of others', async (page) => {
    await page.evaluate(async (path) => {
      const cache = await caches.open('email-classifier-models');
      await cache.put(`${path}?email-classifier-digest=old`, new Response('old'));
      await cache.put('/other.ecm?email-classifier-digest=1', new Response('other'));
    }, MODEL_PATH);
    await page.evaluate(async (modelDigest) => {
      const { createClassifier } = await import('/package/dist/index.js');
      globalThis.classifier = await createClassifier({ modelDigest });
    }, DIGEST);
    await until(
      page,
      async (digest) =>
        (await (await caches.open('email-classifier-models')).keys()).some(({ url }) =>
          url.endsWith(digest),
        ),
      DIGEST,
    );
    const urls = await entries(page);
    assert.equal(urls.length, 2);
    assert.ok(urls.some((url) => url.includes('other.ecm')));
  });

  test('may be full', async (page) => {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Storage.overrideQuotaForOrigin', {
      origin: site.server.origin,
      quotaSize: 1 << 20,
    });
    const { answer } = await load(page);
    assert.equal(answer.label, 'CarTheft');
    assert.deepEqual(await entries(page), []);
  });
});

describe('trouble', () => {
  test('a damaged download is refused and not kept', async (page) => {
    serving.damaged = true;
    const error = await page
      .evaluate(async (modelDigest) => {
        const { createClassifier } = await import('/package/dist/index.js');
        const { code, name } = await createClassifier({ modelDigest }).catch((error) => error);
        return {
          code,
          name,
          kept: (await (await caches.open('email-classifier-models')).keys()).length,
        };
      }, DIGEST)
      .finally(() => (serving.damaged = false));
    assert.deepEqual(error, { code: 'digest', name: 'ClassifierError', kept: 0 });
  });

  test('a missing model leaves rules', async (page) => {
    const [code, source] = await page.evaluate(async (email) => {
      const { createClassifier } = await import('/package/dist/index.js');
      const classifier = await createClassifier({ modelUrl: '/missing.ecm', waitForModel: false });
      const { code } = await classifier.modelReady.catch((error) => error);
      return [code, (await classifier.classify(email)).source];
    }, THEFT);
    assert.deepEqual([code, source], ['download', 'rules']);
  });

  test('a download that breaks off leaves rules', async (page) => {
    serving.broken = true;
    const [code, source] = await page
      .evaluate(async (email) => {
        const { createClassifier } = await import('/package/dist/index.js');
        const classifier = await createClassifier({ waitForModel: false });
        const { code } = await classifier.modelReady.catch((error) => error);
        return [code, (await classifier.classify(email)).source];
      }, THEFT)
      .finally(() => (serving.broken = false));
    assert.deepEqual([code, source], ['download', 'rules']);
  });

  test('a cancelled download leaves rules when they answer already', async (page) => {
    serving.hang = true;
    const [name, source] = await page
      .evaluate(async (email) => {
        const { createClassifier } = await import('/package/dist/index.js');
        const abort = new AbortController();
        const { signal } = abort;
        const classifier = await createClassifier({ waitForModel: false, signal });
        abort.abort();
        const { name } = await classifier.modelReady.catch((error) => error);
        return [name, (await classifier.classify(email)).source];
      }, THEFT)
      .finally(() => (serving.hang = false));
    assert.deepEqual([name, source], ['AbortError', 'rules']);
  });

  test('a download that hangs can be cancelled', async (page) => {
    serving.hang = true;
    const name = await page
      .evaluate(async () => {
        const { createClassifier } = await import('/package/dist/index.js');
        const abort = new AbortController();
        const onProgress = () => abort.abort();
        return (
          await createClassifier({ signal: abort.signal, onProgress }).catch((error) => error)
        ).name;
      })
      .finally(() => (serving.hang = false));
    assert.equal(name, 'AbortError');
  });

  test('a worker that crashes is reported, and a new classifier works', async (page) => {
    const [waiting, later, label] = await page.evaluate(async (email) => {
      const { createClassifier } = await import('/package/dist/index.js');
      let crash;
      const source = `import '${location.origin}/package/dist/worker.js';
        new BroadcastChannel('crash').onmessage = () => {
          setTimeout(() => { throw new Error('crashed'); });
        };`;
      const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
      const classifier = await createClassifier({
        waitForModel: false,
        modelUrl: '/package/dist/model.ecm?slow',
        createWorker: () => new Worker(url, { type: 'module' }),
      });
      crash = new BroadcastChannel('crash');
      crash.postMessage('now');
      const waiting = await classifier.modelReady.catch(({ code }) => code);
      const later = await classifier.classify(email).catch(({ code }) => code);
      const again = await createClassifier();
      return [waiting, later, (await again.classify(email)).label];
    }, THEFT);
    assert.deepEqual([waiting, later, label], ['worker', 'worker', 'CarTheft']);
  });

  test('a worker or engine that is not there is reported', async (page) => {
    const codes = await page.evaluate(async () => {
      const { createClassifier } = await import('/package/dist/index.js');
      const code = (options) => createClassifier(options).catch((error) => error.code);
      return [
        await code({ createWorker: () => new Worker('/missing.js', { type: 'module' }) }),
        await code({ wasm: new Uint8Array(10), variant: 'simd' }),
      ];
    });
    assert.deepEqual(codes, ['worker', 'engine']);
  });
});

describe('the page', () => {
  test('asks nobody but its server, and goes on while the worker works', async (page) => {
    const foreign = [];
    page.on(
      'request',
      (request) => request.url().startsWith(site.server.origin) || foreign.push(request.url()),
    );
    const turns = await page.evaluate(async (email) => {
      const { createClassifier } = await import('/package/dist/index.js');
      const classifier = await createClassifier();
      let turns = 0;
      const timer = setInterval(() => turns++, 0);
      await classifier.classifyBatch(
        Array.from({ length: 16 }, (_, i) => ({ ...email, subject: `${i}` })),
      );
      clearInterval(timer);
      return turns;
    }, THEFT);
    assert.deepEqual(foreign, []);
    assert.ok(turns > 1); // one request to the worker, during which timers of the page fire
  });
});
