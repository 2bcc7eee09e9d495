// SPDX-License-Identifier: Apache-2.0
// The worker in Node.
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { ClassifierError } from './errors.js';
import { fromNetwork, readAll } from './model_source.js';
import { Service } from './service.js';

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);

/**
 * @param {string} url
 * @param {AbortSignal} signal
 * @returns {Promise<import('./model_source.js').ModelStream>}
 */
async function open(url, signal) {
  if (!url.startsWith('file:')) {
    return fromNetwork(url, signal);
  }
  try {
    const { size } = await stat(new URL(url));
    const stream = Readable.toWeb(createReadStream(new URL(url), { highWaterMark: 1 << 20 }));
    return { total: size, chunks: readAll(/** @type {ReadableStream<Uint8Array>} */ (stream)) };
  } catch (cause) {
    throw new ClassifierError('download', 'The file of the model could not be read.', {
      field: 'modelUrl',
      cause,
    });
  }
}

const service = new Service({
  post: (message) => port.postMessage(message),
  compile: async (url) => WebAssembly.compile(new Uint8Array(await readFile(new URL(url)))),
  open,
});
port.on('message', (message) => void service.receive(message));
