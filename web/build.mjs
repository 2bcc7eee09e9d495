// SPDX-License-Identifier: Apache-2.0
// Builds the page: a folder for any static host, and in it the same page as one file.
//
//   node build.mjs ENGINE OUT      ENGINE: the email-classifier package as a folder (./dev build npm)
//
// Other servers than its own may be asked from Settings only where PAGE_SERVERS names them
// ("https://a.example https://b.example"), since the page's policy forbids every other address.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const WEB = dirname(fileURLToPath(import.meta.url));
const SOURCE = join(WEB, 'src');
const SAMPLES = join(WEB, '../models/samples');
const [ENGINE, OUT] = process.argv.slice(2);
const READER = join(SOURCE, 'mail/reader_worker.js');
const VIEWS = ['classify', 'batch', 'history', 'training', 'evaluate', 'settings'];
const VARIANTS = ['simd', 'relaxed'];
const COMPRESSED = new Set([
  '.html',
  '.js',
  '.css',
  '.json',
  '.svg',
  '.wasm',
  '.webmanifest',
  '.ecm',
]);

const digest = (bytes) => createHash('sha256').update(bytes);
const shortHash = (bytes) => digest(bytes).digest('hex').slice(0, 10);
const source = (name) => readFileSync(join(SOURCE, name), 'utf8');
const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();

/** Changes with every byte that the page is made of. */
function pageVersion() {
  const hash = createHash('sha256');
  for (const file of [
    ...filesIn(SOURCE),
    ...filesIn(join(ENGINE, 'dist')),
    ...filesIn(SAMPLES),
    join(WEB, 'package-lock.json'),
    fileURLToPath(import.meta.url),
  ])
    hash.update(readFileSync(file));
  const { version } = JSON.parse(readFileSync(join(ENGINE, 'package.json'), 'utf8'));
  return `${version}-${hash
    .update(process.env.PAGE_SERVERS ?? '')
    .digest('hex')
    .slice(0, 10)}`;
}

/** The model with the digest that it says of itself (models/FORMAT.md). */
function readModel() {
  const bytes = readFileSync(join(ENGINE, 'dist/model.ecm'));
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  return { bytes, digest: header.__metadata__.sha256 };
}

/** The shipped emails with the native program's answers. */
function readSamples() {
  const answers = JSON.parse(readFileSync(join(SAMPLES, 'answers.json'), 'utf8'));
  return JSON.stringify(
    Object.entries(answers).map(([name, answer]) => {
      const [, subject, message] = /^Subject: (.*?)\r?\n\r?\n(.*)$/s.exec(
        readFileSync(join(SAMPLES, name), 'utf8'),
      );
      return {
        name,
        subject,
        message: message.trim(),
        label: answer.label,
        confidence: answer.confidence,
      };
    }),
  );
}

/** One script or style sheet. @returns {Promise<Uint8Array>} */
async function bundle(entry, options = {}) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    target: 'es2022',
    format: 'esm',
    legalComments: 'none',
    outdir: 'out',
    logLevel: 'warning',
    ...options,
  });
  return outputFiles.find(({ path }) => path.endsWith(extname(entry))).contents;
}

const define = (values) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));

const bundleApp = (assets, values) =>
  bundle(join(SOURCE, 'app.js'), {
    define: define(values),
    alias: {
      'page:assets': join(SOURCE, assets),
      'email-classifier/features': join(ENGINE, 'dist/features.js'),
      'email-classifier': join(ENGINE, 'dist/index.js'),
    },
  });

/** Everything that both pages hold. */
async function readParts() {
  const font = readFileSync(
    join(WEB, 'node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2'),
  );
  return {
    version: pageVersion(),
    model: readModel(),
    samples: readSamples(),
    font,
    reader: await bundle(READER),
    theme: await bundle(join(SOURCE, 'theme.js'), { format: 'iife' }),
    engine: await bundle(join(ENGINE, 'dist/worker.js')),
    variants: Object.fromEntries(
      VARIANTS.map((name) => [name, readFileSync(join(ENGINE, 'dist', `${name}.wasm`))]),
    ),
  };
}

/** The style sheet, with its font at `fontUrl`. */
async function styles(fontUrl) {
  const css = await bundle(join(SOURCE, 'styles/app.css'), {
    external: ['@fontsource-variable/*'],
    target: 'chrome123',
  });
  return Buffer.from(css)
    .toString()
    .replace(/@fontsource-variable\/[\w/.-]+\.woff2/, fontUrl);
}

function policy(directives) {
  return Object.entries({
    'default-src': "'none'",
    ...directives,
    'base-uri': "'none'",
    'form-action': "'none'",
  })
    .map(([name, value]) => `${name} ${value}`)
    .join('; ');
}

/** index.html with its places filled in. */
function html(places) {
  const views = VIEWS.map((name) => source(`views/${name}.html`)).join('');
  const all = { views, icons: source('icons.svg').trim(), ...places };
  return source('index.html').replace(/\{\{(\w+)\}\}/g, (_, name) => all[name]);
}

/** Writes a file, and its gzip beside it where that is smaller. */
function write(name, content) {
  const path = join(OUT, name);
  const bytes = Buffer.from(content);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  if (!COMPRESSED.has(extname(name))) return;
  const packed = gzipSync(bytes, { level: 9 });
  if (packed.length < bytes.length * 0.95) writeFileSync(`${path}.gz`, packed);
}

/** Writes a file under a name that changes with its content. @returns {string} that name */
function writeHashed(folder, name, content) {
  const extension = extname(name);
  const hashed = `${folder}/${name.slice(0, -extension.length)}-${shortHash(content)}${extension}`;
  write(hashed, content);
  return hashed;
}

const filesPolicy = () =>
  policy({
    'script-src': "'self' 'wasm-unsafe-eval'",
    'style-src': "'self'",
    'img-src': "'self' data:",
    'font-src': "'self'",
    'connect-src': ["'self'", process.env.PAGE_SERVERS].filter(Boolean).join(' '),
    'worker-src': "'self'",
    'manifest-src': "'self'",
  });

/** Engine, worker and modules together in a folder. @returns {string} its name */
function writeEngine({ engine, variants }) {
  const folder = `engine-${shortHash(Buffer.concat([engine, ...Object.values(variants)]))}/`;
  write(`${folder}worker.js`, engine);
  for (const [name, bytes] of Object.entries(variants)) write(`${folder}${name}.wasm`, bytes);
  return folder;
}

/** The page with its files beside it. */
async function buildFiles(parts) {
  const engineUrl = writeEngine(parts);
  const assets = (name, content) => writeHashed('assets', name, content);
  const font = assets('inter.woff2', parts.font);
  const [css, theme] = [
    assets('app.css', await styles(relative('assets', font))),
    assets('theme.js', parts.theme),
  ];
  const [reader, samples] = [
    assets('reader.js', parts.reader),
    assets('samples.json', parts.samples),
  ];
  const app = assets(
    'app.js',
    await bundleApp('assets_files.js', {
      PAGE_VERSION: parts.version,
      MODEL_BYTES: parts.model.bytes.length,
      MODEL_DIGEST: parts.model.digest,
      MODEL_URL: assets('model.ecm', parts.model.bytes),
      ENGINE_URL: engineUrl,
      READER_URL: reader,
      SAMPLES_URL: samples,
    }),
  );
  const icons = ['icon.svg', 'icon_maskable.svg', 'manifest.webmanifest'];
  for (const name of icons) write(name, source(name));
  write(
    'index.html',
    html({
      csp: filesPolicy(),
      head: `<link rel="icon" href="icon.svg" type="image/svg+xml">
    <link rel="manifest" href="manifest.webmanifest">
    <script src="${theme}"></script>
    <link rel="stylesheet" href="${css}">
    <script type="module" src="${app}"></script>`,
      body: '',
    }),
  );
  writeServiceWorker(parts.version, [
    './',
    app,
    css,
    theme,
    reader,
    samples,
    font,
    `${engineUrl}worker.js`,
    ...icons,
  ]);
}

function writeServiceWorker(version, files) {
  write(
    'service_worker.js',
    source('service_worker.js').replace(
      /^\/\* global .*\n/m,
      `const VERSION = ${JSON.stringify(version)};\nconst FILES = ${JSON.stringify(files)};\n`,
    ),
  );
}

/** The page in one file, which needs no server: all of it inline, allowed by digest. */
async function buildSingle(parts) {
  const app = Buffer.from(
    await bundleApp('assets_single.js', {
      PAGE_VERSION: parts.version,
      MODEL_BYTES: parts.model.bytes.length,
      MODEL_DIGEST: parts.model.digest,
    }),
  )
    .toString()
    .replaceAll('</script', '<\\/script');
  const theme = Buffer.from(parts.theme).toString();
  const css = await styles(`data:font/woff2;base64,${parts.font.toString('base64')}`);
  const allow = (text) => `'sha256-${digest(text).digest('base64')}'`;
  const classic = { format: 'iife' };
  const data = {
    engine: await bundle(join(ENGINE, 'dist/worker.js'), classic),
    reader: await bundle(READER, classic),
    samples: parts.samples,
    model: parts.model.bytes,
    ...parts.variants,
  };
  const blocks = Object.entries(data).map(
    ([name, bytes]) =>
      `<script type="application/gzip;base64" id="data-${name}">${gzipSync(bytes, { level: 9 }).toString('base64')}</script>`,
  );
  writeFileSync(
    join(OUT, 'email-classifier.html'),
    html({
      csp: policy({
        'script-src': `${allow(theme)} ${allow(app)} 'wasm-unsafe-eval'`,
        'style-src': allow(css),
        'img-src': 'data:',
        'font-src': 'data:',
        'connect-src': "'none'",
        'worker-src': 'blob:',
      }),
      head: `<link rel="icon" href="data:image/svg+xml;base64,${Buffer.from(source('icon.svg')).toString('base64')}">
    <script>${theme}</script><style>${css}</style>`,
      body: `${blocks.join('\n')}\n<script type="module">${app}</script>`,
    }),
  );
}

rmSync(OUT, { recursive: true, force: true });
const parts = await readParts();
await buildFiles(parts);
await buildSingle(parts);
console.log(`page ${parts.version} in ${relative(process.cwd(), OUT) || '.'}`);
