// SPDX-License-Identifier: Apache-2.0
// The npm package as a file: what is in it, and what bundlers make of it.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { launch } from '../browser.mjs';
import { serve } from '../server.mjs';
import { PACKAGE, REPOSITORY, THEFT } from './helper.mjs';

const run = promisify(execFile);
const manifest = JSON.parse(readFileSync(`${PACKAGE}/package.json`, 'utf8'));
const ARCHIVE = `${REPOSITORY}build/${manifest.name}-${manifest.version}.tgz`;
const tool = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
const text = (path) => readFileSync(join(REPOSITORY, path), 'utf8');

/** Functions and the like of the public header. */
const headerFunctions = () => {
  const code = text('core/include/email_classifier.h').replace(/\/\/.*$/gm, '');
  return [...code.matchAll(/\b(ec_[a-z0-9_]+)\(/g)].map(([, name]) => name).sort();
};

describe('the module', () => {
  const lines = text('wasm/exports.txt').split('\n');
  const exported = lines.filter((line) => /^[a-z_]+$/.test(line));
  const excluded = lines
    .filter((line) => line.startsWith('- '))
    .map((line) => /^- (\w+): \w+/.exec(line)?.[1]);

  it('exports each function of the public header, or says why not', () => {
    const listed = [
      ...exported.filter((name) => name.startsWith('ec_') && !name.startsWith('ec_wasm_')),
      ...excluded,
    ];
    assert.deepEqual(listed.sort(), headerFunctions());
  });

  for (const variant of ['simd', 'relaxed']) {
    const bytes = readFileSync(`${PACKAGE}/dist/${variant}.wasm`);
    const skip = WebAssembly.validate(bytes) ? false : 'this Node has no relaxed SIMD';
    it(`${variant} has the exports of the list, and asks for next to nothing`, { skip }, () => {
      const module = new WebAssembly.Module(bytes);
      const names = WebAssembly.Module.exports(module).map(({ name }) => name);
      assert.deepEqual(
        names.filter((name) => /^ec_|^malloc$|^free$/.test(name)).sort(),
        [...exported].sort(),
      );
      assert.deepEqual(
        WebAssembly.Module.imports(module)
          .map(({ name }) => name)
          .sort(),
        ['emscripten_notify_memory_growth'],
      );
    });
  }

  it('takes at most 150 KB on the way, its scripts included', () => {
    const size = (name) => gzipSync(readFileSync(`${PACKAGE}/dist/${name}`), { level: 9 }).length;
    const scripts = readdirSync(`${PACKAGE}/dist`).filter(
      (name) => /\.js$/.test(name) && !name.includes('.node.'),
    );
    const sum = scripts.map(size).reduce((a, b) => a + b, 0);
    for (const engine of [
      ['simd.wasm'],
      ['relaxed.wasm'],
      ['simd-threads.wasm', 'simd-threads.mjs'],
      ['relaxed-threads.wasm', 'relaxed-threads.mjs'],
    ]) {
      const total = engine.map(size).reduce((a, b) => a + b, sum);
      assert.ok(total <= 150 * 1024, `${engine}: ${total}`);
    }
  });
});

describe('the archive', () => {
  it('has the version of the core', () => {
    assert.equal(
      /EC_VERSION "(.*)"/.exec(text('core/include/email_classifier.h'))[1],
      manifest.version,
    );
  });

  it('has few files, and runs nothing when it is installed', () => {
    const files = String(execFileSync('tar', ['-tzf', ARCHIVE]))
      .trim()
      .split('\n');
    assert.ok(files.length < 40, `${files.length} files`);
    assert.equal(manifest.scripts, undefined);
    assert.equal(manifest.dependencies, undefined);
    assert.equal(manifest.sideEffects, false);
  });

  it('is clean to publint', async () => {
    const { stdout } = await run(tool('publint'), [PACKAGE, '--strict']);
    assert.match(stdout, /All good!/);
  });

  it('has types that resolve everywhere', async () => {
    await run(tool('attw'), [
      ARCHIVE,
      '--profile',
      'esm-only',
      '--no-emoji',
      '--exclude-entrypoints',
      'worker.js',
      'simd.wasm',
      'relaxed.wasm',
      'model.ecm',
      'package.json',
    ]);
  });
});

describe('a page made with', () => {
  const folder = mkdtempSync(join(tmpdir(), 'email-classifier-'));
  after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'node_modules'));
  cpSync(PACKAGE, join(folder, 'node_modules', manifest.name), { recursive: true });

  const page = (script) =>
    `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">${script}`;
  const program = (specifier, options = '{}') => `import { createClassifier } from '${specifier}';
    const classifier = await createClassifier(${options});
    const { label } = await classifier.classify(${JSON.stringify(THEFT)});
    document.title = label;
    classifier.close();`;
  writeFileSync(join(folder, 'main.js'), program(manifest.name));
  writeFileSync(join(folder, 'main-base.js'), program(manifest.name, `{ baseUrl: './dist/' }`));

  /** Whether the page of a folder comes to its answer, without errors. */
  const answers = async (root) => {
    const server = await serve(root);
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const errors = [];
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.goto(`${server.origin}/`);
      await page
        .waitForFunction(() => document.title === 'CarTheft')
        .catch((error) => errors.push(String(error)));
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
      await server.close();
    }
  };

  it('a plain script tag', async () => {
    writeFileSync(
      join(folder, 'index.html'),
      page(
        `<script type="module">${program('./node_modules/email-classifier/dist/index.js')}</script>`,
      ),
    );
    await answers(folder);
  });

  it('Vite', async () => {
    writeFileSync(
      join(folder, 'index.html'),
      page('<script type="module" src="main.js"></script>'),
    );
    await run(tool('vite'), [
      'build',
      folder,
      '--target',
      'es2022',
      '--outDir',
      join(folder, 'out-vite'),
      '--logLevel',
      'warn',
    ]);
    await answers(join(folder, 'out-vite'));
  });

  it('esbuild', async () => {
    const out = join(folder, 'out-esbuild');
    await run(tool('esbuild'), [
      join(folder, 'main-base.js'),
      '--bundle',
      '--format=esm',
      '--target=es2022',
      `--outfile=${join(out, 'main.js')}`,
    ]);
    writeFileSync(join(out, 'index.html'), page('<script type="module" src="main.js"></script>'));
    cpSync(join(PACKAGE, 'dist'), join(out, 'dist'), { recursive: true });
    assert.ok(statSync(join(out, 'main.js')).size < 40_000); // no engine, no worker in it
    await answers(out);
  });
});
