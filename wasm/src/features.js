// SPDX-License-Identifier: Apache-2.0
// Which of the modules this machine can run.

/** (module (func (result v128) i32.const 0  i8x16.splat ... end)) around a body. */
const probe = (/** @type {number[]} */ ...body) =>
  new Uint8Array([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0, // magic, version
    1,
    5,
    1,
    0x60,
    0,
    1,
    0x7b, // one type: () -> v128
    3,
    2,
    1,
    0, // one function of it
    10,
    body.length + 4,
    1,
    body.length + 2,
    0,
    ...body,
    0x0b,
  ]);

const SPLAT = [0x41, 0, 0xfd, 0x0f]; // i32.const 0, i8x16.splat

const SIMD = probe(...SPLAT, 0xfd, 0x62); // i8x16.popcnt
// i32x4.relaxed_dot_i8x16_i7x16_add_s
const RELAXED = probe(...SPLAT, ...SPLAT, ...SPLAT, 0xfd, 0x93, 2);

/** @returns {'relaxed' | 'simd' | undefined} the fastest module that can run here */
export function bestVariant() {
  if (WebAssembly.validate(RELAXED)) {
    return 'relaxed';
  }
  return WebAssembly.validate(SIMD) ? 'simd' : undefined;
}

/** Whether memory can be shared with other workers; pages need cross-origin isolation for it. */
export function hasThreads() {
  return typeof SharedArrayBuffer === 'function' && globalThis.crossOriginIsolated !== false;
}
