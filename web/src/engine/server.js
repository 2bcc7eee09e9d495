// SPDX-License-Identifier: Apache-2.0
// The backend on a server: the HTTP API of `email-classifier serve`.
import { ClassifierError, explained } from 'email-classifier';
import { count, percent } from '../labels.js';

/** @typedef {import('../types.d.ts').Backend} Backend */
/** @typedef {import('../types.d.ts').Result} Result */

/**
 * The refusal of an RFC 9457 answer as an error with code and field.
 * @param {Response} response
 */
async function refusal(response) {
  const problem = await response.json().catch(() => ({}));
  const [first] = problem.errors ?? [];
  if (first) return new ClassifierError(first.code, first.message, { field: first.field });
  const advice = {
    401: 'The server asks for a valid token.',
    403: 'This token may not classify.',
    429: `The server asks to wait ${response.headers.get('retry-after') ?? 'a few'} seconds.`,
  }[response.status];
  return new ClassifierError(
    'server',
    advice ?? problem.detail ?? `The server answered HTTP ${response.status}.`,
  );
}

/** @param {string} address @param {string} token */
function requester(address, token) {
  /**
   * @param {string} path
   * @param {object} [body]
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  return async (path, body, signal) => {
    const headers = new Headers({ accept: 'application/json' });
    if (token) headers.set('authorization', `Bearer ${token}`);
    if (body) headers.set('content-type', 'application/json');
    let response;
    try {
      response = await fetch(new URL(path, address), {
        method: body ? 'POST' : 'GET',
        headers,
        body: body && JSON.stringify(body),
        signal,
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        cache: 'no-store',
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new ClassifierError(
        'server',
        'The server cannot be reached, or this page’s security policy does not allow its address.',
        { cause },
      );
    }
    if (!response.ok) throw await refusal(response);
    return response.json();
  };
}

/** @param {any} info of GET /model-info @param {string} address */
function serverFacts(info, address) {
  const threshold = typeof info.review_threshold === 'number' ? info.review_threshold : 0.9;
  return {
    labels: /** @type {string[]} */ (info.labels ?? []),
    reviewThreshold: threshold,
    version: String(info.version ?? ''),
    facts: /** @type {[string, string][]} */ ([
      ['Server', address],
      ['Model', `${info.name ?? 'unnamed'} ${info.version ?? ''}`],
      ...(info.vocabulary_size ? [['Vocabulary', `${count(info.vocabulary_size)} pieces`]] : []),
      ['Asks a person below', percent(threshold)],
      ...(info.sha256 ? [['Digest', info.sha256]] : []),
    ]),
  };
}

/** @param {any} item of a batch answer @returns {Result} */
function resultOf(item) {
  if (!item.error) return { answer: item };
  const { code, message, field } = item.error.errors?.[0] ?? item.error;
  return {
    error: new ClassifierError(code ?? 'server', message ?? item.error.detail ?? '', { field }),
  };
}

/**
 * @param {string} address @param {string} token
 * @returns {Promise<Backend>}
 */
export async function startServer(address, token) {
  const base = new URL(address.endsWith('/') ? address : `${address}/`);
  if (!/^https?:$/.test(base.protocol))
    throw new ClassifierError('server', 'The address must start with https:// or http://.');
  const request = requester(base.href, token);
  const model = serverFacts(await request('model-info'), base.href);
  return {
    model,
    classify: (email, { signal } = {}) => request('classify', email, signal),
    async explain(email, { signal } = {}) {
      const answer = await request('classify', { ...email, explain: true }, signal);
      if (!answer.explanation)
        throw new ClassifierError('server', 'This server cannot say which sentences decided it.');
      return explained(email, answer);
    },
    async classifyBatch(emails, { signal } = {}) {
      const { results } = await request('classify-batch', { emails }, signal);
      return results.map(resultOf);
    },
    close() {},
  };
}
