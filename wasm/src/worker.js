// SPDX-License-Identifier: Apache-2.0
// The worker in browsers.
import { ClassifierError } from './errors.js';
import { fromNetwork } from './model_source.js';
import { Service } from './service.js';

/** @param {string} url */
async function compile(url) {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) {
    throw new ClassifierError('engine', `HTTP ${response.status} for the engine.`);
  }
  // Some servers do not know the type that streaming asks for.
  return response.headers.get('content-type') === 'application/wasm'
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

const service = new Service({
  post: (message) => postMessage(message),
  compile,
  open: fromNetwork,
});
addEventListener('message', (event) => void service.receive(event.data));
