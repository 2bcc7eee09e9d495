// SPDX-License-Identifier: Apache-2.0
import { Client } from './client.js';
import { ClassifierError, fromRecord } from './errors.js';
import { bestVariant, hasThreads } from './features.js';
import { Queue } from './queue.js';

/** @typedef {{ subject: string, message: string }} Email */

/**
 * @typedef {object} Answer
 * @property {string} label
 * @property {number} confidence calibrated probability of the label, 0 to 1
 * @property {number} class_id index of the label
 * @property {Record<string, number>} scores of all labels
 * @property {'model' | 'cache' | 'rules' | 'default'} source
 * @property {boolean} fallback_used whether rules, or nothing, answered
 * @property {boolean} needs_review confidence below the model's threshold
 * @property {string} model_version
 * @property {number} tokens that the network read
 * @property {number} windows passes over parts of the email; 1 for most
 * @property {boolean} truncated
 * @property {number} processing_time_ms
 */

/**
 * What the answer would be without one part of the email.
 * @typedef {object} Sentence
 * @property {'subject' | 'message'} field
 * @property {number} start index into that string
 * @property {number} end
 * @property {number} weight by how much the label is less probable without it; may be negative
 * @property {string} label_without
 * @property {number} confidence_without
 */

/**
 * A part of the message that the model did not read.
 * @typedef {object} LeftOut
 * @property {'quoted' | 'signature' | 'disclaimer' | 'banner' | 'header'} kind header: lines that
 *   introduce quoted mail which itself was read
 * @property {number} start index into the message
 * @property {number} end
 */

/**
 * @typedef {object} Explanation
 * @property {string} runner_up the next likely label
 * @property {number} runner_up_confidence
 * @property {Sentence[]} sentences in the order of the email; none when the network did not answer
 * @property {LeftOut[]} left_out in the order of the message
 */

/** @typedef {Answer & Explanation} ExplainedAnswer */

/**
 * @typedef {{ answer: Answer, error?: undefined }
 *   | { answer?: undefined, error: ClassifierError }} Result
 */

/**
 * @typedef {object} ModelInfo
 * @property {boolean} loaded false while rules answer; the labels are then the built-in ones
 * @property {string} name
 * @property {string} version
 * @property {string} digest SHA-256 of what the model is made of, 64 hex digits
 * @property {string[]} labels
 * @property {Record<string, any>} metadata evaluation, training data and the like
 * @property {number} hidden_size
 * @property {number} intermediate_size
 * @property {number} layer_count
 * @property {number} attention_heads
 * @property {number} vocabulary_size
 * @property {number} max_tokens
 * @property {number} temperature
 * @property {number} review_threshold
 * @property {number} packed_bytes
 * @property {{ version: string, variant: string, threads: number }} engine
 */

/**
 * @typedef {object} Progress
 * @property {number} loaded bytes
 * @property {number} total bytes, 0 when not known
 */

/**
 * What is used of a browser's Worker.
 * @typedef {object} WebWorker
 * @property {(message: any) => void} postMessage
 * @property {(type: any, listener: (event: any) => void) => void} addEventListener
 * @property {() => void} terminate
 */

/**
 * @typedef {object} ClassifierOptions
 * @property {string | URL} [modelUrl] where the model is; the one in this package when not given
 * @property {Blob | ArrayBuffer | Uint8Array} [model] the model itself, instead of modelUrl
 * @property {string} [modelDigest] the digest it must have (modelInfo.digest). A model fetched by a
 *   browser is then kept in its cache, under address and digest.
 * @property {boolean} [waitForModel] false: resolve as soon as rules can answer; see modelReady
 * @property {number} [threads] 1 when not given; fewer where memory cannot be shared
 * @property {'auto' | 'simd' | 'relaxed'} [variant]
 * @property {'text' | 'strict'} [policy]
 * @property {number} [reviewThreshold] 0 for the model's
 * @property {number} [cacheSize] answers remembered, 1000 when not given; 0 for none
 * @property {string | URL} [baseUrl] the folder with this package's files, where they are not
 *   beside this script
 * @property {() => WebWorker} [createWorker] makes the worker, where it cannot come from a file
 * @property {ArrayBuffer | Uint8Array} [wasm] the engine, where it cannot come from a file; needs
 *   variant
 * @property {(progress: Progress) => void} [onProgress] of the model
 * @property {AbortSignal} [signal]
 */

/**
 * What browsers and Node do differently.
 * @typedef {object} Platform
 * @property {(options: ClassifierOptions) => import('./client.js').WorkerPort} createWorker
 * @property {(name: string, options: ClassifierOptions) => string | undefined} fileUrl of a file of
 *   this package
 * @property {(url: string | URL) => string} absoluteUrl
 */

const CHUNK = 16; // emails of a batch between two looks at its signal

// Stops the worker of a classifier that was forgotten.
const forgotten = new FinalizationRegistry((/** @type {Client} */ client) => client.end(closed()));

const closed = () => new ClassifierError('closed', 'The classifier was closed.');

/** Sorts emails; made by createClassifier. Its work is done in a worker. */
export class Classifier {
  #client;
  #queue = new Queue();
  /** @type {Omit<ModelInfo, 'engine'>} */
  #info;
  #engine;
  #limits;
  /** @type {Promise<ModelInfo>} */
  #modelReady;

  /**
   * Use createClassifier.
   * @param {Client} client
   * @param {{ modelInfo: Omit<ModelInfo, 'engine'>, limits: Record<string, number> }} started
   * @param {ModelInfo['engine']} engine
   * @param {Promise<Omit<ModelInfo, 'engine'>>} loading
   */
  constructor(client, started, engine, loading) {
    this.#client = client;
    this.#info = started.modelInfo;
    this.#limits = Object.freeze(started.limits);
    this.#engine = engine;
    forgotten.register(this, client, this);
    const self = new WeakRef(this); // a download must not keep a forgotten classifier
    this.#modelReady = loading.then((info) => {
      const classifier = self.deref();
      if (classifier) {
        classifier.#info = info;
      }
      return { ...info, engine };
    });
    this.#modelReady.catch(() => {}); // rules go on answering
  }

  /** Facts about the model in use, and the engine. */
  get modelInfo() {
    return { ...this.#info, engine: this.#engine };
  }

  /** Limits of an email and the engine, from the core: subject_max, message_min, message_max ... */
  get limits() {
    return this.#limits;
  }

  /** Resolves when the model answers; rejects when it could not be loaded, and rules go on. */
  get modelReady() {
    return this.#modelReady;
  }

  /**
   * @param {Email} email
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<Answer>} rejects with a ClassifierError that names the field at fault
   */
  async classify(email, { signal } = {}) {
    const [{ answer, error }] = await this.#run('classify', [checked(email)], {
      signal,
      urgent: true,
    });
    if (error) {
      throw fromRecord(error);
    }
    return answer;
  }

  /**
   * Classifies any number of emails. Other calls get their turn in between.
   * @param {readonly Email[]} emails
   * @param {object} [options]
   * @param {AbortSignal} [options.signal]
   * @param {(done: number, total: number, results: Result[]) => void} [options.onProgress]
   *   also gets the results since its last call, so that a cancelled batch is not lost
   * @returns {Promise<Result[]>} in order; a refused email has its error in its place
   */
  async classifyBatch(emails, { signal, onProgress } = {}) {
    const list = emails.map(checked);
    /** @type {Result[]} */
    const results = [];
    for (let start = 0; start < list.length; start += CHUNK) {
      const part = await this.#run('classify', list.slice(start, start + CHUNK), { signal });
      const done = part.map((/** @type {any} */ { answer, error }) =>
        error ? { error: fromRecord(error) } : { answer },
      );
      results.push(...done);
      onProgress?.(results.length, list.length, done);
    }
    return results;
  }

  /**
   * Classifies, and tells what each part of the email did to the answer.
   * @param {Email} email
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<ExplainedAnswer>}
   */
  async explain(email, { signal } = {}) {
    return this.#run('explain', checked(email), { signal, urgent: true });
  }

  /** Stops the worker and frees its memory. Calls still waiting reject with code "closed". */
  close() {
    forgotten.unregister(this);
    this.#client.end(closed());
  }

  /**
   * @param {string} method
   * @param {unknown} params
   * @param {{ signal?: AbortSignal, urgent?: boolean }} options
   */
  #run(method, params, options) {
    return this.#queue.run(() => this.#client.request(method, params), options);
  }
}

/** @param {Email} email */
function checked(email) {
  for (const field of /** @type {const} */ (['subject', 'message'])) {
    if (typeof email?.[field] !== 'string') {
      throw new ClassifierError('argument', `The ${field} must be a string.`, { field });
    }
  }
  return { subject: email.subject, message: email.message };
}

/**
 * @param {Platform} platform
 * @param {ClassifierOptions} options
 */
export async function createWith(platform, options) {
  const { signal, waitForModel = true } = options;
  signal?.throwIfAborted();
  const { engine, request } = startRequest(platform, options);
  const client = new Client(platform.createWorker(options));
  const onAbort = () => client.end(closed());
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const started = await client.request('start', request);
    const loading = client.request('load', loadRequest(platform, options), options);
    const classifier = new Classifier(
      client,
      started,
      { version: started.version, ...engine },
      loading,
    );
    if (waitForModel) {
      await classifier.modelReady;
    }
    return classifier;
  } catch (error) {
    client.end(closed());
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

/**
 * Which engine to start, and how.
 * @param {Platform} platform
 * @param {ClassifierOptions} options
 */
function startRequest(platform, options) {
  const {
    threads = 1,
    variant = 'auto',
    wasm,
    policy = 'text',
    reviewThreshold = 0,
    cacheSize = 1000,
  } = options;
  const chosen = variant === 'auto' ? bestVariant() : variant;
  if (chosen === undefined) {
    throw new ClassifierError('engine', 'This browser has no WebAssembly SIMD.');
  }
  const loaderUrl =
    threads > 1 && !wasm && hasThreads()
      ? platform.fileUrl(`${chosen}-threads.mjs`, options)
      : undefined;
  const engine = { variant: chosen, threads: loaderUrl ? threads : 1 };
  const file = `${chosen}${loaderUrl ? '-threads' : ''}.wasm`;
  return {
    engine,
    request: {
      options: { threads: engine.threads, policy, reviewThreshold, cacheSize },
      engineUrl: wasm ? undefined : platform.fileUrl(file, options),
      wasm,
      loaderUrl,
    },
  };
}

/**
 * @param {Platform} platform
 * @param {ClassifierOptions} options
 */
function loadRequest(platform, options) {
  const { model, modelUrl, modelDigest } = options;
  if (model !== undefined) {
    return { model, digest: modelDigest };
  }
  const url = modelUrl ?? platform.fileUrl('model.ecm', options);
  return { url: url && platform.absoluteUrl(url), digest: modelDigest };
}
