// SPDX-License-Identifier: Apache-2.0
// The browser's side of the benchmark: the network alone, on one thread, each engine in turns.
import * as ort from '/ort/ort.wasm.bundle.min.mjs';
import { Engine } from '/package/dist/engine.js';
import { instantiate } from '/package/dist/loader.js';

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL('/ort/', location.href).href;
ort.env.logLevel = 'error';

const WARM_UP = 20; // runs, until the browser has compiled a kernel for good
const sessions = new Map();
const engines = new Map();

async function ours(variant) {
  const module = await WebAssembly.compileStreaming(fetch(`/package/dist/${variant}.wasm`));
  const options = { threads: 1, policy: 'text', reviewThreshold: 0, cacheSize: 0 };
  const engine = new Engine(await instantiate(module), options);
  const model = new Uint8Array(await (await fetch('/package/dist/model.ecm')).arrayBuffer());
  const image = engine.newImage(model.length);
  engine.writeImage(image, 0, model);
  engine.loadModel(image, model.length);
  return engine;
}

/** Loads an engine; returns how long it took in ms, files from a local server included. */
globalThis.load = async (name) => {
  const start = performance.now();
  if (name.endsWith('.onnx')) {
    sessions.set(
      name,
      await ort.InferenceSession.create(`/onnx/${name}`, { executionProviders: ['wasm'] }),
    );
  } else {
    engines.set(name, await ours(name));
  }
  return performance.now() - start;
};

globalThis.vocabularySize = () => engines.get('simd').modelInfo.vocabulary_size;

globalThis.unload = async (name) => {
  await sessions.get(name)?.release();
  sessions.delete(name);
};

async function run(name, ids) {
  const types = new Uint8Array(ids.length);
  if (engines.has(name)) {
    return engines.get(name).logits(new Uint32Array(ids), types);
  }
  const tensor = (values) =>
    new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, ids.length]);
  const feeds = { input_ids: tensor(ids), token_type_ids: tensor([...types]) };
  const { logits } = await sessions.get(name).run(feeds);
  return logits.data;
}

/** Times in ms of each engine on these token ids, in turns; the first round only warms up. */
globalThis.measure = async (names, ids, rounds) => {
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const start = performance.now();
      await run(name, ids);
      if (round > 0) {
        times[name].push(performance.now() - start);
      }
    }
  }
  return times;
};

/**
 * How fast the int8 kernels are, in GMAC/s of each round, in turns: XNNPACK's choice in this engine,
 * its own for relaxed dot products, ours.
 */
globalThis.kernelSpeeds = async (rounds) => {
  const module = await WebAssembly.compileStreaming(fetch('/kernels/bench_kernels.wasm'));
  const { functions } = await instantiate(module);
  const bench = functions.bench_new();
  if (bench === 0) throw new Error('XNNPACK refused the kernels');
  const speeds = [[], [], []];
  for (let round = -WARM_UP; round < rounds; round++) {
    speeds.forEach((of, kind) => {
      const start = performance.now();
      if (!functions.bench_run(bench, kind)) throw new Error('XNNPACK refused to run');
      if (round >= 0) of.push(functions.bench_products() / (performance.now() - start) / 1e6);
    });
  }
  return speeds;
};
document.title = 'ready';
