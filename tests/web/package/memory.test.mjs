// SPDX-License-Identifier: Apache-2.0
// The module's memory stays flat over a thousand emails.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { onBlankPage, PACKAGE, THEFT, useBrowser } from './helper.mjs';

/**
 * Classifies them, some refused, some in batches. Runs in Node and in a page.
 * @param {[base: string, theft: object]} where the package's files are, and an email
 * @returns {Promise<Record<string, { size: number, blocks: number }>>} bytes of the module's memory,
 *   and blocks of it that are in use
 */
async function thousandEmails([base, theft]) {
  const { Engine } = await import(`${base}engine.js`);
  const { instantiate } = await import(`${base}loader.js`);
  const read = async (name) =>
    base.startsWith('file:')
      ? (await import('node:fs')).readFileSync(new URL(base + name))
      : new Uint8Array(await (await fetch(base + name)).arrayBuffer());
  const instance = await instantiate(await WebAssembly.compile(await read('simd.wasm')));
  let blocks = 0;
  const { malloc, free } = instance.functions;
  const functions = {
    ...instance.functions,
    malloc: (size) => (blocks++, malloc(size)),
    free: (pointer) => ((blocks -= pointer === 0 ? 0 : 1), free(pointer)),
  };
  const options = { threads: 1, policy: 'text', reviewThreshold: 0, cacheSize: 50 };
  const engine = new Engine({ functions, memory: instance.memory }, options);
  const model = await read('model.ecm');
  const image = engine.newImage(model.length);
  engine.writeImage(image, 0, model);
  engine.loadModel(image, model.length);
  engine.explain(theft);
  const before = { size: engine.memorySize, blocks };
  for (let i = 0; i < 1000; i++) {
    const email = { subject: `${i}`, message: i % 7 === 0 ? '' : `The car was hit ${i} times.` };
    engine.classify(i % 50 === 0 ? [email, theft] : [email]);
  }
  engine.explain(theft);
  const after = { size: engine.memorySize, blocks };
  engine.free();
  return { before, after, freed: { size: after.size, blocks } };
}

describe('the memory of the module over a thousand emails', () => {
  const site = useBrowser();
  const flat = ({ before, after, freed }) => {
    assert.deepEqual(after, before);
    assert.equal(freed.blocks, 0);
  };

  it('in Node', async () =>
    flat(await thousandEmails([pathToFileURL(`${PACKAGE}/dist/`).href, THEFT])));

  it('in Chromium', () =>
    onBlankPage(site, async (page) => {
      const base = `${site.server.origin}/package/dist/`;
      flat(await page.evaluate(thousandEmails, [base, THEFT]));
    }));
});
