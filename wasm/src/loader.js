// SPDX-License-Identifier: Apache-2.0
// From a WebAssembly module to its functions and memory.

/**
 * @typedef {object} Instance
 * @property {Record<string, Function>} functions those of exports.txt, by their C names
 * @property {WebAssembly.Memory} memory its buffer changes whenever it grows
 */

/**
 * The modules without threads need next to nothing from outside.
 * @param {WebAssembly.Module} module
 * @returns {Promise<Instance>}
 */
export async function instantiate(module) {
  const instance = await WebAssembly.instantiate(module, {
    env: { emscripten_notify_memory_growth() {} },
  });
  const functions = /** @type {Record<string, Function>} */ (
    /** @type {unknown} */ (instance.exports)
  );
  functions._initialize();
  return { functions, memory: /** @type {WebAssembly.Memory} */ (instance.exports.memory) };
}

/**
 * Those with threads come with Emscripten's loader, which starts a worker for each more thread.
 * @param {WebAssembly.Module} module
 * @param {string} loaderUrl of VARIANT-threads.mjs, which the workers load again by that address
 * @param {number} threads
 * @returns {Promise<Instance>}
 */
export async function instantiateThreads(module, loaderUrl, threads) {
  const { default: createModule } = await import(
    /* @vite-ignore */ /* webpackIgnore: true */ loaderUrl
  );
  const loaded = await createModule({
    threads,
    /**
     * @param {WebAssembly.Imports} imports
     * @param {(instance: WebAssembly.Instance, module: WebAssembly.Module) => void} receive
     */
    instantiateWasm(imports, receive) {
      void WebAssembly.instantiate(module, imports).then((instance) => receive(instance, module));
      return {};
    },
  });
  /** @type {Record<string, Function>} */
  const functions = {};
  for (const [name, value] of Object.entries(loaded)) {
    if (typeof value === 'function' && name.startsWith('_')) {
      functions[name.slice(1)] = value;
    }
  }
  return { functions, memory: loaded.wasmMemory };
}
