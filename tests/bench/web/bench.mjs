// SPDX-License-Identifier: Apache-2.0
// ./dev bench web: the network in Chromium on one thread, side by side with onnxruntime-web on the
// same weights, and with the native program.
//
//   node bench.mjs PACKAGE ONNX_FOLDER NATIVE_PROGRAM MODEL
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from '../../web/browser.mjs';
import { serve } from '../../web/server.mjs';

const [packageFolder, onnxFolder, native, model] = process.argv.slice(2);
const TOKENS = [16, 64, 128, 256, 512];
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The ids that the program's own bench command uses. */
function randomIds(count, vocabularySize) {
  let x = 2463534242;
  return Array.from({ length: count }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % vocabularySize;
  });
}

const percentile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)];

function nativeTimes(tokens) {
  const out = execFileSync(native, ['bench', '--model', model, '--format', 'json', '--threads', '1',
    '--tokens', String(tokens), '--iterations', '20']);
  return JSON.parse(String(out)).passes[0];
}

const server = await serve(here('.'), {
  mounts: { '/package/': packageFolder, '/onnx/': onnxFolder, '/ort/': here('node_modules/onnxruntime-web/dist') },
});
const browser = await launch();
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(String(error)));
  await page.goto(`${server.origin}/bench.html`);
  await page.waitForFunction(() => document.title === 'ready');
  const load = (name) => page.evaluate((name) => globalThis.load(name), name);
  const measure = (names, tokens, rounds) =>
    page.evaluate(([names, ids, rounds]) => globalThis.measure(names, ids, rounds),
      [names, randomIds(tokens, 30522), rounds]);

  console.log(`Chromium ${browser.version()}, one thread`);
  // The fastest of the int8 graphs, tried one at a time since each takes much memory.
  const trials = [];
  for (const name of readdirSync(onnxFolder).filter((name) => name.includes('int8') && name.endsWith('.onnx'))) {
    const loaded = await load(name);
    const times = (await measure([name], 128, 5))[name];
    await page.evaluate((name) => globalThis.unload(name), name);
    trials.push({ name, loaded, p50: percentile(times, 0.5) });
  }
  trials.sort((a, b) => a.p50 - b.p50);
  for (const { name, loaded, p50 } of trials) {
    console.log(`  onnxruntime-web ${name}: loads in ${loaded.toFixed(0)} ms, 128 tokens in ${p50.toFixed(1)} ms`);
  }
  const names = ['simd', 'relaxed', trials[0].name];
  for (const name of names) {
    console.log(`${name}: loads in ${(await load(name)).toFixed(0)} ms`);
  }
  console.log(`\np50 in ms (p99)\n\n| tokens | native | simd | relaxed | onnxruntime-web | ORT / simd | ORT / relaxed | relaxed / native |`);
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const tokens of TOKENS) {
    const times = await measure(names, tokens, tokens > 200 ? 15 : 40);
    const nativeMs = nativeTimes(tokens);
    const [simd, relaxed, other] = names.map((name) => percentile(times[name], 0.5));
    const cell = (name) => `${percentile(times[name], 0.5).toFixed(1)} (${percentile(times[name], 0.99).toFixed(1)})`;
    console.log(`| ${tokens} | ${nativeMs.toFixed(1)} | ${names.map(cell).join(' | ')} | ${(other / simd).toFixed(2)} | ` +
      `${(other / relaxed).toFixed(2)} | ${(relaxed / nativeMs).toFixed(2)} |`);
  }
} finally {
  await browser.close();
  await server.close();
}
