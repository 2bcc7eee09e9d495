// SPDX-License-Identifier: Apache-2.0
// The worker's side: receives requests, runs the engine, answers. The same in browsers and Node;
// `host` is what differs.
import { Engine } from './engine.js';
import { ClassifierError, toRecord } from './errors.js';
import { instantiate, instantiateThreads } from './loader.js';
import { fromBytes, ModelCache } from './model_source.js';

/**
 * @typedef {object} Host
 * @property {(message: object) => void} post
 * @property {(url: string) => Promise<WebAssembly.Module>} compile
 * @property {(url: string, signal: AbortSignal) =>
 *   Promise<import('./model_source.js').ModelStream>} open
 */

/**
 * @typedef {object} StartRequest
 * @property {import('./engine.js').EngineOptions} options
 * @property {string} [engineUrl]
 * @property {BufferSource} [wasm] instead of engineUrl
 * @property {string} [loaderUrl] of the module with threads
 */

/**
 * @typedef {object} LoadRequest
 * @property {string} [url]
 * @property {Blob | ArrayBuffer | Uint8Array} [model] instead of url
 * @property {string} [digest]
 */

const PROGRESS_BYTES = 1 << 18;

export class Service {
  #host;
  /** @type {Map<number, AbortController>} */
  #aborts = new Map();
  /** @type {Engine | undefined} */
  #engine;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
  }

  /**
   * Answers { id, result } or { id, error }, with { id, progress } before.
   * @param {{ id: number, method?: string, params?: any, abort?: boolean }} message
   */
  async receive({ id, method, params, abort }) {
    if (abort) {
      this.#aborts.get(id)?.abort();
      return;
    }
    try {
      this.#host.post({ id, result: await this.#dispatch(String(method), params, id) });
    } catch (error) {
      // The core reports its errors; what else is thrown means that the module is broken.
      const cancelled = error instanceof Error && error.name === 'AbortError';
      this.#host.post({ id, error: toRecord(error, cancelled ? 'cancelled' : 'worker') });
    }
  }

  /**
   * @param {string} method
   * @param {any} params
   * @param {number} id
   */
  #dispatch(method, params, id) {
    switch (method) {
      case 'start':
        return this.#start(params);
      case 'load':
        return this.#load(params, id);
      case 'classify':
        return this.#running.classify(params);
      case 'explain':
        return this.#running.explain(params);
      case 'tokenize':
        return this.#running.tokenize(params);
      case 'logits':
        return this.#running.logits(params.ids, params.types);
      case 'memory':
        return this.#running.memorySize;
      default:
        throw new ClassifierError('worker', `There is no method ${method}.`);
    }
  }

  get #running() {
    if (this.#engine === undefined) {
      throw new ClassifierError('engine', 'The engine has not been started.');
    }
    return this.#engine;
  }

  /** @param {StartRequest} request */
  async #start({ options, engineUrl, wasm, loaderUrl }) {
    try {
      const module =
        wasm === undefined
          ? await this.#host.compile(String(engineUrl))
          : await WebAssembly.compile(wasm);
      const instance =
        loaderUrl === undefined
          ? await instantiate(module)
          : await instantiateThreads(module, loaderUrl, options.threads);
      this.#engine = new Engine(instance, options);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ClassifierError('engine', `WebAssembly could not be started: ${reason}`, {
        cause,
      });
    }
    return {
      version: this.#engine.facts.version,
      limits: this.#engine.facts.limits,
      modelInfo: this.#engine.modelInfo,
    };
  }

  /**
   * @param {LoadRequest} request
   * @param {number} id
   */
  async #load({ url, model, digest }, id) {
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    const report = (/** @type {object} */ progress) => this.#host.post({ id, progress });
    try {
      if (model !== undefined) {
        await this.#loadFrom(fromBytes(model), digest, report, abort.signal);
      } else {
        await this.#loadFromUrl(String(url), digest, report, abort.signal);
      }
      return this.#running.modelInfo;
    } finally {
      this.#aborts.delete(id);
    }
  }

  /**
   * @param {string} url
   * @param {string | undefined} digest
   * @param {(progress: object) => void} report
   * @param {AbortSignal} signal
   */
  async #loadFromUrl(url, digest, report, signal) {
    const cache = digest === undefined ? undefined : new ModelCache(url, digest);
    const cached = await cache?.find();
    if (cached) {
      try {
        await this.#loadFrom(cached, digest, report, signal);
        return;
      } catch {
        signal.throwIfAborted();
        await cache?.forget(); // damaged: fetched again
      }
    }
    const { image, size } = await this.#loadFrom(
      await this.#host.open(url, signal),
      digest,
      report,
      signal,
    );
    void cache?.keep(this.#running.readImage(image, size));
  }

  /**
   * Reads a model straight into the module's memory, where it stays, and loads it.
   * @param {import('./model_source.js').ModelStream} stream
   * @param {string | undefined} digest
   * @param {(progress: object) => void} report
   * @param {AbortSignal} signal
   */
  async #loadFrom({ total, chunks }, digest, report, signal) {
    const engine = this.#running;
    let capacity = total || PROGRESS_BYTES;
    let image = engine.newImage(capacity);
    try {
      let loaded = 0;
      let reported = 0;
      for await (const chunk of chunks) {
        signal.throwIfAborted();
        if (loaded + chunk.length > capacity) {
          // Longer than announced, or not announced: twice the room, and the old block's bytes.
          capacity = Math.max(2 * capacity, loaded + chunk.length);
          const larger = engine.newImage(capacity);
          engine.writeImage(larger, 0, engine.readImage(image, loaded));
          engine.freeImage(image);
          image = larger;
        }
        engine.writeImage(image, loaded, chunk);
        loaded += chunk.length;
        if (loaded - reported >= PROGRESS_BYTES || loaded === total) {
          report({ loaded, total });
          reported = loaded;
        }
      }
      engine.loadModel(image, loaded, digest);
      return { image, size: loaded };
    } catch (error) {
      engine.freeImage(image);
      throw error;
    }
  }
}
