// SPDX-License-Identifier: Apache-2.0
// What the page's modules hand to each other.
import type { Answer, Email, ExplainedAnswer, Result } from 'email-classifier';

export type { Answer, Email, ExplainedAnswer, Result };

/** An email read from a file. */
export interface MailItem extends Email {
  /** Where it came from, for people: "claims.csv, row 12". */
  origin: string;
  /** The label a person gave it, in labelled files. */
  label?: string;
}

/** What the page needs to know of the model; `facts` are shown as they are. */
export interface ModelFacts {
  labels: string[];
  reviewThreshold: number;
  version: string;
  facts: [string, string][];
}

export interface CallOptions {
  signal?: AbortSignal;
}

/** Who answers: the module in this browser, or a server. */
export interface Backend {
  readonly model: ModelFacts;
  /** Longest message in characters, where the backend tells. */
  readonly messageMax?: number;
  classify(email: Email, options?: CallOptions): Promise<Answer>;
  classifyBatch(emails: Email[], options?: CallOptions): Promise<Result[]>;
  explain(email: Email, options?: CallOptions): Promise<ExplainedAnswer>;
  close(): void;
}

export interface EngineStatus {
  phase: 'starting' | 'loading' | 'ready' | 'failed';
  where: 'browser' | 'server';
  /** Bytes of the model, while it is loading. */
  loaded: number;
  total: number;
  /** Sentences for people when the phase is failed. */
  problem: string;
}

export interface HistoryEntry {
  id: string;
  time: number;
  subject: string;
  label: string;
  confidence: number;
  source: string;
  needs_review: boolean;
}

export interface TrainingExample extends Email {
  id: string;
  time: number;
  label: string;
  /** What the model said, when it was asked. */
  predicted?: string;
}

export interface Sample extends Email {
  name: string;
  label: string;
  confidence: number;
}

export interface Settings {
  theme: 'system' | 'light' | 'dark';
  where: 'browser' | 'server';
  address: string;
  history: boolean;
  shortcuts: boolean;
}

/** What a view gets, and through which it reaches the others. */
export interface App {
  engine: import('./engine/engine.js').Engine;
  /** Shows an email in Classify. */
  openEmail(email: Email): void;
}

export interface View {
  /** Called each time the view comes into sight. */
  show?(): void;
  /** What happens to files dropped on the view; absent: it takes none. */
  drop?(files: File[]): void;
}
