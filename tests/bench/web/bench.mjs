// SPDX-License-Identifier: Apache-2.0
// ./dev bench web: the network in Chromium on one thread, side by side with onnxruntime-web on the
// same weights, and with the native program.
//
//   node bench.mjs PACKAGE ONNX_FOLDER NATIVE_PROGRAM MODEL KERNELS_FOLDER REPORT
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from '../../web/browser.mjs';
import { ISOLATED, serve } from '../../web/server.mjs';

const [packageFolder, onnxFolder, native, model, kernelsFolder, reportFile] = process.argv.slice(2);
const TOKENS = [16, 64, 128, 256, 512];
const [TRIAL_TOKENS, TRIAL_ROUNDS] = [128, 5];
const KERNEL_ROUNDS = 60;
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
const median = (values) => percentile(values, 0.5);

/** Milliseconds of one pass in the native program. */
function nativeTime(tokens) {
  const out = execFileSync(native, [
    'bench',
    '--model',
    model,
    '--format',
    'json',
    '--threads',
    '1',
    '--tokens',
    String(tokens),
    '--iterations',
    '20',
  ]);
  return JSON.parse(String(out)).passes[0].p50_ms;
}

/** The benchmark page, and calls of what it offers. */
async function openPage(browser, origin) {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(String(error)));
  await page.goto(`${origin}/bench.html`);
  await page.waitForFunction(() => document.title === 'ready');
  const vocabulary = async () => page.evaluate(() => globalThis.vocabularySize());
  return {
    load: (name) => page.evaluate((name) => globalThis.load(name), name),
    kernelSpeeds: (rounds) => page.evaluate((rounds) => globalThis.kernelSpeeds(rounds), rounds),
    unload: (name) => page.evaluate((name) => globalThis.unload(name), name),
    measure: async (names, tokens, rounds) =>
      page.evaluate(
        ([names, ids, rounds]) => globalThis.measure(names, ids, rounds),
        [names, randomIds(tokens, await vocabulary()), rounds],
      ),
  };
}

/** The int8 graph that onnxruntime-web runs fastest; one at a time, as each takes much memory. */
async function fastestGraph(page) {
  const trials = [];
  for (const name of readdirSync(onnxFolder).filter((name) => /int8.*\.onnx$/.test(name))) {
    const loaded = await page.load(name);
    const time = median((await page.measure([name], TRIAL_TOKENS, TRIAL_ROUNDS))[name]);
    await page.unload(name);
    trials.push({ name, time });
    console.log(
      `  onnxruntime-web, ${name}: loads in ${loaded.toFixed(0)} ms, ` +
        `${TRIAL_TOKENS} tokens in ${time.toFixed(1)} ms`,
    );
  }
  return trials.sort((a, b) => a.time - b.time)[0].name;
}

/** Figures of one length. Ratios are medians over rounds, in which all engines take turns. */
function figures(tokens, [simd, relaxed, other], nativeMs) {
  const summary = (values) => ({ p50_ms: median(values), best_ms: Math.min(...values) });
  const ratio = (a, b) => median(a.map((value, i) => value / b[i]));
  return {
    tokens,
    native_ms: nativeMs,
    simd: summary(simd),
    relaxed: summary(relaxed),
    onnxruntime_web: summary(other),
    simd_times_as_fast: ratio(other, simd),
    relaxed_times_as_fast: ratio(other, relaxed),
    relaxed_to_native: median(relaxed) / nativeMs,
  };
}

function printRow(of) {
  const cell = ({ p50_ms, best_ms }) => `${p50_ms.toFixed(1)} (${best_ms.toFixed(1)})`;
  const cells = [
    of.tokens,
    of.native_ms.toFixed(1),
    ...[of.simd, of.relaxed, of.onnxruntime_web].map(cell),
    ...[of.simd_times_as_fast, of.relaxed_times_as_fast, of.relaxed_to_native].map((value) =>
      value.toFixed(2),
    ),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

/** The int8 kernels alone, on the linear layers of one encoder layer and 128 tokens. */
async function kernels(page) {
  const [chosen, relaxed, ours] = await page.kernelSpeeds(KERNEL_ROUNDS);
  const ratio = median(ours.map((value, i) => value / relaxed[i]));
  const speed = (values) => `${median(values).toFixed(1)} (${Math.max(...values).toFixed(1)})`;
  console.log('\nint8 kernels of relaxed SIMD, GMAC/s, p50 (best)\n');
  console.log(`  ours                            ${speed(ours)}`);
  console.log(
    `  XNNPACK's of relaxed SIMD       ${speed(relaxed)}: ours ${ratio.toFixed(2)} times`,
  );
  console.log(`  XNNPACK's choice in this engine ${speed(chosen)}`);
  return {
    ours_gmacs: median(ours),
    xnnpack_relaxed_gmacs: median(relaxed),
    xnnpack_chosen_gmacs: median(chosen),
    times_xnnpack_relaxed: ratio,
  };
}

/** The whole network at each length. */
async function network(page) {
  for (const name of ['simd', 'relaxed']) {
    console.log(`  ${name}: loads in ${(await page.load(name)).toFixed(0)} ms`);
  }
  const names = ['simd', 'relaxed', await fastestGraph(page)];
  await page.load(names[2]);
  console.log('\np50 in ms (best)\n');
  console.log(
    '| tokens | native | simd | relaxed | onnxruntime-web | it/simd | it/relaxed | relaxed/native |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  const lengths = [];
  for (const tokens of TOKENS) {
    const times = await page.measure(names, tokens, tokens > 200 ? 15 : 40);
    const of = figures(
      tokens,
      names.map((name) => times[name]),
      nativeTime(tokens),
    );
    printRow(of);
    lengths.push(of);
  }
  return { graph: names[2], lengths };
}

const server = await serve(here('.'), {
  // Finer clocks.
  headers: ISOLATED,
  mounts: {
    '/package/': packageFolder,
    '/onnx/': onnxFolder,
    '/ort/': here('node_modules/onnxruntime-web/dist'),
    '/kernels/': kernelsFolder,
  },
});
const browser = await launch();
try {
  console.log(`Chromium ${browser.version()}, one thread`);
  const page = await openPage(browser, server.origin);
  const report = {
    chromium: browser.version(),
    network: await network(page),
    kernels: await kernels(page),
  };
  writeFileSync(reportFile, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await browser.close();
  await server.close();
}
