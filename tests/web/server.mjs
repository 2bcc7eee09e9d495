// SPDX-License-Identifier: Apache-2.0
// A static file server for tests, on a free port of 127.0.0.1.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

// What lets a page share memory with its workers.
export const ISOLATED = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
};

/**
 * @typedef {object} TestServer
 * @property {string} origin "http://127.0.0.1:PORT"
 * @property {string[]} requests paths asked for, in order
 * @property {() => Promise<void>} close
 */

/**
 * @param {string} root folder
 * @param {object} [options]
 * @param {Record<string, string>} [options.headers] sent with every file
 * @param {Record<string, string>} [options.mounts] "/prefix/": folder, beside root
 * @param {(request: import('node:http').IncomingMessage,
 *   response: import('node:http').ServerResponse) => boolean | void} [options.intercept]
 *   true when it has answered itself
 * @returns {Promise<TestServer>}
 */
export async function serve(root, { headers = {}, mounts = {}, intercept } = {}) {
  const folders = Object.entries({ ...mounts, '/': root });
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    requests.push(path);
    if (intercept?.(request, response)) {
      return;
    }
    const [prefix, folder] = folders.find(([prefix]) => path.startsWith(prefix));
    const inside = normalize(`/${path.slice(prefix.length)}`);
    const file = join(folder, inside, path.endsWith('/') ? 'index.html' : '');
    const found = await stat(file).catch(() => undefined);
    if (!found?.isFile()) {
      response.writeHead(404, headers).end('not found');
      return;
    }
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': found.size, ...headers });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
