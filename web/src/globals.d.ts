// SPDX-License-Identifier: Apache-2.0

/** What differs between the page of many files and the one in a single file; made by build.mjs. */
declare module 'page:assets' {
  /** Starts the worker that reads files (mail/reader_worker.js). */
  export function createReader(): Promise<Worker>;
  /** Bytes of the model file. */
  export const modelBytes: number;
  /** How createClassifier finds engine and model. */
  export function engineOptions(): Promise<
    import('../../wasm/src/classifier.js').ClassifierOptions
  >;
  /** The emails the page was shipped with, and the native program's answers to them. */
  export function loadSamples(): Promise<import('./types.d.ts').Sample[]>;
  /** Keeps engine and model for use without a network; what older versions kept is removed. */
  export function keepForOffline(variant: string): Promise<void>;
  /** True when the page is one file that needs no server. */
  export const singleFile: boolean;
  /** Changes with every byte of the page. */
  export const pageVersion: string;
}

// Put in by build.mjs.
declare const PAGE_VERSION: string;
declare const MODEL_BYTES: number;
declare const MODEL_DIGEST: string;
declare const MODEL_URL: string;
declare const ENGINE_URL: string;
declare const READER_URL: string;
declare const SAMPLES_URL: string;
