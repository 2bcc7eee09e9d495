// SPDX-License-Identifier: Apache-2.0
// The module alone, in Node: converts the tiny checkpoint and compares its logits with those of native
// hosts, then the shipped model's answers with the native program's.
//
//   node engine.test.mjs BUILD_FOLDER VARIANT REPOSITORY
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Engine } from '../src/engine.js';
import { instantiate, instantiateThreads } from '../src/loader.js';
import { Memory } from '../src/memory.js';

const [folder, variant, repository] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(join(folder, `${variant}.wasm`)));
const loader = join(folder, `${variant}.mjs`);
const threads = variant.endsWith('-threads') ? 2 : 1;
const instance =
  threads > 1
    ? await instantiateThreads(module, pathToFileURL(loader).href, threads)
    : await instantiate(module);
const options = { threads, policy: 'text', reviewThreshold: 0, cacheSize: 0 };
const tiny = (name) => readFileSync(join(repository, 'tests/parity/tiny', name));

/** ec_convert: the struct is its own size and six pairs of pointer and length. */
function convertTiny() {
  const memory = new Memory(instance);
  const files = ['config.json', 'vocab.txt', 'model.safetensors'].map((name) => {
    const bytes = tiny(name);
    const pointer = memory.allocate(bytes.length + 1);
    memory.write(pointer, new Uint8Array([...bytes, 0]));
    return [pointer, bytes.length];
  });
  const [config, vocabulary, weights] = files;
  const none = [0, 0];
  const input = memory.allocate(52);
  const members = [52, config, vocabulary, none, none, weights, none].flat();
  memory.write(input, new Uint8Array(new Uint32Array(members).buffer));
  const size = memory.allocate(4);
  assert.equal(instance.functions.ec_convert(input, 0, 0, size, 0), 0);
  const length = memory.u32(size);
  const out = memory.allocate(length);
  assert.equal(instance.functions.ec_convert(input, out, length, size, 0), 0);
  return memory.read(out, length);
}

function load(engine, bytes) {
  const image = engine.newImage(bytes.length);
  engine.writeImage(image, 0, bytes);
  engine.loadModel(image, bytes.length);
}

// The same bundle, byte for byte, as a native host makes of the checkpoint.
const bundle = convertTiny();
assert.equal(
  createHash('sha256').update(bundle).digest('hex'),
  String(tiny('bundle.sha256')).trim(),
);

// The same logits as native hosts have, to the last bit.
const engine = new Engine(instance, options);
load(engine, bundle);
const expected = JSON.parse(tiny('int8_logits.json'));
JSON.parse(tiny('logits.json')).forEach(({ ids, types }, row) => {
  const logits = engine.logits(new Uint32Array(ids), new Uint8Array(types));
  assert.deepEqual(logits, new Float32Array(expected[row]), `row ${row}`);
});

// A damaged bundle is refused with a sentence, and the model before it stays.
const damaged = bundle.slice();
damaged[damaged.length - 1] ^= 1;
assert.throws(() => load(engine, damaged), {
  name: 'ClassifierError',
  code: 'digest',
  message: /SHA-256/,
});
assert.equal(engine.modelInfo.loaded, true);

load(engine, readFileSync(join(repository, 'models/default/email-classifier.ecm')));
const samples = join(repository, 'models/samples');
const native = JSON.parse(readFileSync(join(samples, 'answers.json'), 'utf8'));
for (const name of readdirSync(samples).filter((name) => name.endsWith('.txt'))) {
  const text = readFileSync(join(samples, name), 'utf8');
  const [, subject, message] = /^Subject: (.*?)\r?\n\r?\n(.*)$/s.exec(text);
  const [{ answer }] = engine.classify([{ subject, message }]);
  assert.equal(answer.label, native[name].label, name);
  assert.ok(Math.abs(answer.confidence - native[name].confidence) < 0.01, name);
  assert.equal(answer.source, 'model');
}
const [{ error }] = engine.classify([{ subject: '', message: 'too short a subject' }]);
assert.equal(error.code, 'too_short');
assert.equal(error.field, 'subject');
engine.free();
console.log('ok');
process.exit(0); // with threads the workers would keep Node alive
