// SPDX-License-Identifier: Apache-2.0
// Errors as callers see them, and how they travel from the worker.

/**
 * What went wrong, with a code to act on. Never holds any text of an email.
 *
 * Codes of the core, for an email or a model: `argument`, `no_memory`, `utf8`, `too_short`,
 * `too_long`, `character`, `bundle`, `digest`, `unsupported`, `inference` (see ec_status in
 * email_classifier.h). Codes of this package: `download` (the model could not be fetched), `engine`
 * (WebAssembly could not be loaded), `worker` (the worker stopped), `closed` (after close()).
 * A cancelled call rejects with the reason of its AbortSignal instead.
 */
export class ClassifierError extends Error {
  /**
   * @param {string} code
   * @param {string} message one plain sentence
   * @param {{ field?: string, offset?: number, cause?: unknown }} [details]
   */
  constructor(code, message, { field = '', offset = 0, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ClassifierError';
    /** Stable, lower case. */
    this.code = code;
    /** "subject", "message", or the part of the model or option at fault; may be empty. */
    this.field = field;
    /** Bytes from the start of the field, where that has a meaning. */
    this.offset = offset;
  }
}

/**
 * An error as a message can carry it.
 * @typedef {{ code: string, message: string, field: string, offset: number }} ErrorRecord
 */

/**
 * @param {unknown} error
 * @param {string} code for what is no ClassifierError
 * @returns {ErrorRecord}
 */
export function toRecord(error, code) {
  if (error instanceof ClassifierError) {
    const { code, message, field, offset } = error;
    return { code, message, field, offset };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code, message, field: '', offset: 0 };
}

/** @param {ErrorRecord} record */
export function fromRecord({ code, message, field, offset }) {
  return new ClassifierError(code, message, { field, offset });
}
