// SPDX-License-Identifier: Apache-2.0
// Loads the module named on the command line in Node and runs the core in it: converts the tiny
// checkpoint and compares its logits with the reference's, then classifies the sample emails with
// the shipped model and compares with the native program's answers.
//
//   node smoke.mjs MODULE REPOSITORY
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modulePath, repository] = process.argv.slice(2);
const { default: createModule } = await import(pathToFileURL(modulePath).href);
const wasm = await createModule();
assert.equal(wasm._ec_wasm_abi(), 1);

const tiny = (name) => join(repository, 'tests/parity/tiny', name);
const error = wasm._malloc(wasm._ec_wasm_error_size());

/** Copies bytes into the module, NUL-terminated; returns pointer and length. */
function put(bytes) {
  const pointer = wasm._malloc(bytes.length + 1);
  assert.notEqual(pointer, 0);
  wasm.HEAPU8.set(bytes, pointer);
  wasm.HEAPU8[pointer + bytes.length] = 0;
  return [pointer, bytes.length];
}

function text(pointer) {
  const end = wasm.HEAPU8.indexOf(0, pointer);
  return new TextDecoder().decode(wasm.HEAPU8.slice(pointer, end));
}

function check(status) {
  assert.equal(status, 0, status === 0 ? '' : text(wasm._ec_wasm_error_message(error)));
}

function load(bytes) {
  const [image, size] = put(bytes);
  const classifier = wasm._ec_wasm_new(image, size, error);
  assert.notEqual(classifier, 0, 'load: ' + text(wasm._ec_wasm_error_message(error)));
  return classifier;
}

/** ec_convert: the struct is its own size and four pairs of pointer and length. */
function convertTiny() {
  const files = ['config.json', 'vocab.txt', 'model.safetensors'].map((n) => put(readFileSync(tiny(n))));
  const input = wasm._malloc(36);
  wasm.HEAP32.set([36, ...files.flat(), 0, 0], input >> 2);
  const size = wasm._malloc(4);
  check(wasm._ec_convert(input, 0, 0, size, error));
  const length = wasm.HEAP32[size >> 2];
  const out = wasm._malloc(length);
  check(wasm._ec_convert(input, out, length, size, error));
  return wasm.HEAPU8.slice(out, out + length);
}

function logits(classifier, ids, types) {
  const [idPointer] = put(new Uint8Array(new Uint32Array(ids).buffer));
  const [typePointer] = put(new Uint8Array(types));
  const out = wasm._malloc(6 * 4);
  check(wasm._ec_wasm_logits(classifier, idPointer, typePointer, ids.length, out, error));
  const values = Array.from(wasm.HEAPF32.slice(out >> 2, (out >> 2) + 6));
  for (const pointer of [idPointer, typePointer, out]) wasm._free(pointer);
  return values;
}

/** The email as a struct of two pairs of pointer and length. */
function classify(classifier, subject, message) {
  const encoder = new TextEncoder();
  const parts = [put(encoder.encode(subject)), put(encoder.encode(message))];
  const email = wasm._malloc(16);
  const json = wasm._malloc(4096);
  wasm.HEAP32.set(parts.flat(), email >> 2);
  const status = wasm._ec_wasm_classify(classifier, email, 0, json, 4096, error);
  const answer = status === 0 ? JSON.parse(text(json)) : { status };
  for (const pointer of [parts[0][0], parts[1][0], email, json]) wasm._free(pointer);
  return answer;
}

// The same bundle, byte for byte, as a native host makes of the checkpoint.
const bundle = convertTiny();
const digest = createHash('sha256').update(bundle).digest('hex');
assert.equal(digest, readFileSync(tiny('bundle.sha256'), 'utf8').trim());

// The same logits as the slow reference; the order of float additions may decide a rounding.
const tinyClassifier = load(bundle);
const goldens = JSON.parse(readFileSync(tiny('logits.json'), 'utf8'));
const expectedLogits = JSON.parse(readFileSync(tiny('int8_logits.json'), 'utf8'));
const apart = goldens.map(({ ids, types }, row) => {
  const values = logits(tinyClassifier, ids, types);
  return Math.max(...values.map((value, i) => Math.abs(value - expectedLogits[row][i])));
});
assert.ok(Math.max(...apart) < 0.05, `logits apart: ${apart}`);
assert.ok(apart.filter((difference) => difference < 1e-4).length >= goldens.length - 2);
wasm._ec_wasm_free(tinyClassifier);

// A damaged bundle is refused with a sentence.
const damaged = bundle.slice();
damaged[damaged.length - 1] ^= 1;
const [image, size] = put(damaged);
assert.equal(wasm._ec_wasm_new(image, size, error), 0);
assert.match(text(wasm._ec_wasm_error_message(error)), /SHA-256/);

const shipped = join(repository, 'models/default/email-classifier.ecm');
assert.ok(existsSync(shipped), 'no shipped model');
const classifier = load(readFileSync(shipped));
const samples = join(repository, 'models/samples');
const native = JSON.parse(readFileSync(join(samples, 'answers.json'), 'utf8'));
for (const name of readdirSync(samples).filter((n) => n.endsWith('.txt'))) {
  const [, subject, message] = /^Subject: (.*?)\r?\n\r?\n(.*)$/s.exec(readFileSync(join(samples, name), 'utf8'));
  const answer = classify(classifier, subject, message);
  assert.equal(answer.label, native[name].label, name);
  // Float kernels differ in their last bits, and that decides a rounding to 7 bits now and then.
  assert.ok(Math.abs(answer.confidence - native[name].confidence) < 0.01, name);
  assert.equal(answer.source, 'model');
}
assert.equal(classify(classifier, '', 'too short a subject').status, 4);
wasm._ec_wasm_free(classifier);

console.log('wasm smoke test passed');
// With threads the module's workers would keep Node alive.
process.exit(0);
