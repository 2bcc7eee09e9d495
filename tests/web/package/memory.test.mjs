// SPDX-License-Identifier: Apache-2.0
// The module's memory stays flat over a thousand emails.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { Engine } from '../../../build/npm/dist/engine.js';
import { instantiate } from '../../../build/npm/dist/loader.js';
import { MODEL, PACKAGE, THEFT } from './helper.mjs';

it('does not grow', async () => {
  const module = new WebAssembly.Module(readFileSync(`${PACKAGE}/dist/simd.wasm`));
  const instance = await instantiate(module);
  let blocks = 0;
  const { malloc, free } = instance.functions;
  const functions = {
    ...instance.functions,
    malloc: (size) => (blocks++, malloc(size)),
    free: (pointer) => ((blocks -= pointer === 0 ? 0 : 1), free(pointer)),
  };
  const options = { threads: 1, policy: 'text', reviewThreshold: 0, cacheSize: 50 };
  const engine = new Engine({ functions, memory: instance.memory }, options);
  const model = readFileSync(MODEL);
  const load = () => {
    const image = engine.newImage(model.length);
    engine.writeImage(image, 0, model);
    engine.loadModel(image, model.length);
  };
  load();
  engine.explain(THEFT);
  const [size, held] = [engine.memorySize, blocks];
  for (let i = 0; i < 1000; i++) {
    const email = { subject: `${i}`, message: i % 7 === 0 ? '' : `The car was hit ${i} times.` };
    engine.classify(i % 50 === 0 ? [email, THEFT] : [email]);
  }
  engine.explain(THEFT);
  assert.equal(engine.memorySize, size);
  assert.equal(blocks, held);
  engine.free();
  assert.equal(blocks, 0);
});
