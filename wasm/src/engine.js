// SPDX-License-Identifier: Apache-2.0
// The core behind JavaScript values. Runs in the worker; makes no decisions of its own.
import { ClassifierError } from './errors.js';
import { explained } from './explanation.js';
import { Memory } from './memory.js';

/**
 * What C says about itself (ec_wasm_describe).
 * @typedef {object} Facts
 * @property {string} version of the core
 * @property {Record<string, number>} limits
 * @property {Record<string, number>} policies
 * @property {Record<string, number>} statuses
 * @property {Record<string, import('./memory.js').Layout>} structs
 */

/**
 * @typedef {object} EngineOptions
 * @property {number} threads
 * @property {'text' | 'strict'} policy
 * @property {number} reviewThreshold 0 for the model's
 * @property {number} cacheSize answers remembered, 0 for none
 */

const now = () => performance.now();

export class Engine {
  #call;
  #memory;
  #options;
  /** @type {Facts} */
  #facts;
  #pool = 0;
  #breaker = 0;
  #cache = 0;
  #classifier = 0;
  #model = 0;
  #image = 0;

  /**
   * Answers from rules until loadModel.
   * @param {import('./loader.js').Instance} instance
   * @param {EngineOptions} options
   */
  constructor(instance, options) {
    this.#call = instance.functions;
    this.#memory = new Memory(instance);
    this.#options = options;
    this.#facts = JSON.parse(
      this.#memory.written((out, size) => this.#call.ec_wasm_describe(out, size)),
    );
    this.#pool = options.threads > 1 ? this.#call.ec_wasm_pool_new(options.threads) : 0;
    this.#breaker = this.#memory.allocate(this.#facts.structs.ec_breaker.size);
    this.#call.ec_breaker_init(this.#breaker, 0, 0n);
    [this.#classifier, this.#cache] = this.#newClassifier(0);
  }

  /** Bytes of memory taken from the machine. */
  get memorySize() {
    return this.#memory.size;
  }

  /** @returns {Facts} */
  get facts() {
    return this.#facts;
  }

  /**
   * The model's facts; of the built-in rules while there is none.
   * @returns {Omit<import('./classifier.js').ModelInfo, 'engine'>}
   */
  get modelInfo() {
    const { ec_model_info } = this.#facts.structs;
    const pointer = this.#call.ec_model_get_info(this.#model);
    const { labels, metadata, ...info } = this.#memory.struct(ec_model_info, pointer);
    const names = Array.from({ length: info.label_count }, (_, i) =>
      this.#memory.text(this.#memory.u32(labels + 4 * i)),
    );
    const facts = /** @type {Omit<import('./classifier.js').ModelInfo, 'engine'>} */ (info);
    return {
      ...facts,
      loaded: this.#model !== 0,
      labels: names,
      metadata: JSON.parse(metadata || '{}'),
    };
  }

  /**
   * Memory for the file of a model: written by writeImage, then used by loadModel or freed.
   * @param {number} size
   */
  newImage(size) {
    return this.#memory.allocate(size);
  }

  /**
   * @param {number} image
   * @param {number} offset
   * @param {Uint8Array} bytes
   */
  writeImage(image, offset, bytes) {
    this.#memory.write(image + offset, bytes);
  }

  /**
   * @param {number} image
   * @param {number} size
   */
  readImage(image, size) {
    return this.#memory.read(image, size);
  }

  /** @param {number} image */
  freeImage(image) {
    this.#memory.free(image);
  }

  /**
   * Takes over the image and answers from the model in it; on failure all stays as it was.
   * @param {number} image
   * @param {number} size
   * @param {string} [digest] what the model's own digest must be; the core has checked that one
   */
  loadModel(image, size, digest) {
    const model = this.#made((out, error) => this.#call.ec_model_load(image, size, out, error));
    try {
      const { ec_model_info } = this.#facts.structs;
      const found = this.#memory.struct(ec_model_info, this.#call.ec_model_get_info(model)).digest;
      if (digest !== undefined && digest !== found) {
        throw new ClassifierError('digest', `The model has digest ${found}, expected ${digest}.`, {
          field: 'model',
        });
      }
      const [classifier, cache] = this.#newClassifier(model);
      this.#freeModel();
      [this.#classifier, this.#cache, this.#model, this.#image] = [
        classifier,
        cache,
        model,
        image,
      ];
    } catch (error) {
      this.#call.ec_model_free(model);
      throw error;
    }
  }

  /**
   * @param {import('./classifier.js').Email[]} emails at most facts.limits.batch
   * @returns {({ answer: import('./classifier.js').Answer }
   *   | { error: import('./errors.js').ErrorRecord })[]}
   */
  classify(emails) {
    const { ec_email, ec_answer, ec_error } = this.#facts.structs;
    return this.#memory.scope((allocate) => {
      const count = emails.length;
      const list = allocate(count * ec_email.size);
      const answers = allocate(count * ec_answer.size);
      const statuses = allocate(count * 4);
      const errors = allocate(count * ec_error.size);
      emails.forEach((email, i) => this.#putEmail(email, list + i * ec_email.size, allocate));
      const start = now();
      this.#check(
        errors,
        this.#call.ec_classify_batch(
          this.#classifier,
          list,
          count,
          BigInt(Math.round(start)),
          answers,
          statuses,
          errors,
        ),
      );
      const elapsed = (now() - start) / count;
      return emails.map((_, i) => {
        if (this.#memory.u32(statuses + i * 4) !== this.#facts.statuses.ok) {
          return { error: this.#error(errors + i * ec_error.size) };
        }
        return { answer: this.#format(answers + i * ec_answer.size, 0, elapsed) };
      });
    });
  }

  /**
   * @param {import('./classifier.js').Email} email
   * @returns {import('./classifier.js').ExplainedAnswer}
   */
  explain(email) {
    const { ec_email, ec_answer, ec_error, ec_explanation } = this.#facts.structs;
    return this.#memory.scope((allocate) => {
      const pointer = allocate(ec_email.size);
      const answer = allocate(ec_answer.size);
      const explanation = allocate(ec_explanation.size);
      const error = allocate(ec_error.size);
      this.#putEmail(email, pointer, allocate);
      const start = now();
      this.#check(
        error,
        this.#call.ec_explain(
          this.#classifier,
          pointer,
          BigInt(Math.round(start)),
          answer,
          explanation,
          error,
        ),
      );
      return explained(email, this.#format(answer, explanation, now() - start));
    });
  }

  /**
   * Token ids of an email.
   * @param {import('./classifier.js').Email} email
   */
  tokenize(email) {
    return this.#memory.scope((allocate) => {
      const pointer = allocate(this.#facts.structs.ec_email.size);
      this.#putEmail(email, pointer, allocate);
      const count = this.#call.ec_model_tokenize(this.#model, pointer, 0, 0);
      const ids = allocate(count * 4);
      this.#call.ec_model_tokenize(this.#model, pointer, ids, count);
      return new Uint32Array(this.#memory.read(ids, count * 4).buffer);
    });
  }

  /**
   * The bare network, for parity tests and benchmarks.
   * @param {Uint32Array} ids
   * @param {Uint8Array} types token types
   * @returns {Float32Array}
   */
  logits(ids, types) {
    return this.#memory.scope((allocate) => {
      const idPointer = allocate(ids.byteLength);
      const typePointer = allocate(types.length);
      const size = this.modelInfo.labels.length * 4;
      const out = allocate(size);
      const error = allocate(this.#facts.structs.ec_error.size);
      this.#memory.write(idPointer, new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
      this.#memory.write(typePointer, types);
      this.#check(
        error,
        this.#call.ec_classifier_logits(
          this.#classifier,
          idPointer,
          typePointer,
          ids.length,
          out,
          error,
        ),
      );
      return new Float32Array(this.#memory.read(out, size).buffer);
    });
  }

  /** Frees everything; the engine is of no more use. */
  free() {
    this.#freeModel();
    this.#memory.free(this.#breaker);
    this.#call.ec_wasm_pool_free(this.#pool);
  }

  #freeModel() {
    this.#call.ec_classifier_free(this.#classifier);
    this.#call.ec_cache_free(this.#cache);
    this.#call.ec_model_free(this.#model);
    this.#memory.free(this.#image);
    this.#classifier = this.#cache = this.#model = this.#image = 0;
  }

  /**
   * @param {number} model
   * @returns {[classifier: number, cache: number]}
   */
  #newClassifier(model) {
    const { structs, policies } = this.#facts;
    const labels = this.#memory.struct(structs.ec_model_info, this.#call.ec_model_get_info(model));
    const { cacheSize, policy, reviewThreshold } = this.#options;
    const cache =
      cacheSize === 0
        ? 0
        : this.#made((out, error) =>
            this.#call.ec_cache_new(cacheSize, labels.label_count, out, error),
          );
    try {
      return this.#memory.scope((allocate) => {
        const shared = allocate(structs.ec_shared.size);
        this.#memory.putStruct(structs.ec_shared, shared, { cache, breaker: this.#breaker });
        const options = allocate(structs.ec_classifier_options.size);
        this.#memory.putStruct(structs.ec_classifier_options, options, {
          struct_size: structs.ec_classifier_options.size,
          policy: policies[policy],
          review_threshold: reviewThreshold,
          threadpool: this.#pool,
          shared,
        });
        return [
          this.#made((out, error) => this.#call.ec_classifier_new(model, options, out, error)),
          cache,
        ];
      });
    } catch (error) {
      this.#call.ec_cache_free(cache);
      throw error;
    }
  }

  /**
   * Calls a C function that makes a handle.
   * @param {(out: number, error: number) => number} make
   * @returns {number} the handle
   */
  #made(make) {
    return this.#memory.scope((allocate) => {
      const out = allocate(4);
      const error = allocate(this.#facts.structs.ec_error.size);
      this.#check(error, make(out, error));
      return this.#memory.u32(out);
    });
  }

  /**
   * @param {import('./classifier.js').Email} email
   * @param {number} pointer
   * @param {(size: number) => number} allocate
   */
  #putEmail({ subject, message }, pointer, allocate) {
    const [subjectText, subjectLength] = this.#memory.putText(subject, allocate);
    const [messageText, messageLength] = this.#memory.putText(message, allocate);
    this.#memory.putStruct(this.#facts.structs.ec_email, pointer, {
      subject: subjectText,
      subject_length: subjectLength,
      message: messageText,
      message_length: messageLength,
    });
  }

  /**
   * @param {number} answer
   * @param {number} explanation 0 for none
   * @param {number} elapsed milliseconds
   */
  #format(answer, explanation, elapsed) {
    return JSON.parse(
      this.#memory.written((out, capacity) =>
        this.#call.ec_format_explained(answer, explanation, this.#model, elapsed, out, capacity),
      ),
    );
  }

  /**
   * @param {number} pointer of an ec_error
   * @returns {import('./errors.js').ErrorRecord}
   */
  #error(pointer) {
    const { status, field, offset, message } = this.#memory.struct(
      this.#facts.structs.ec_error,
      pointer,
    );
    return { code: this.#memory.text(this.#call.ec_status_name(status)), field, offset, message };
  }

  /**
   * @param {number} error
   * @param {number} status
   */
  #check(error, status) {
    if (status !== this.#facts.statuses.ok) {
      const { code, message, field, offset } = this.#error(error);
      throw new ClassifierError(code, message, { field, offset });
    }
  }
}
