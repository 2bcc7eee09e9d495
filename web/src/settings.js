// SPDX-License-Identifier: Apache-2.0
// The page's own settings, in localStorage; the server's token only for this tab. A browser that
// forbids storage still gets a working page that forgets.

/** @typedef {import('./types.d.ts').Settings} Settings */

const KEY = 'email-classifier.settings';
const TOKEN_KEY = 'email-classifier.token';

/** @type {Settings} */
const DEFAULTS = {
  theme: 'system',
  where: 'browser',
  address: '',
  history: false,
  shortcuts: true,
};

/** @template T @param {() => T} action @param {T} otherwise @returns {T} */
function attempt(action, otherwise) {
  try {
    return action();
  } catch {
    return otherwise;
  }
}

/** @returns {Settings} */
function read() {
  const stored = attempt(() => JSON.parse(localStorage.getItem(KEY) ?? '{}'), {});
  const known = Object.entries(stored ?? {}).filter(
    ([name, value]) => typeof value === typeof DEFAULTS[/** @type {keyof Settings} */ (name)],
  );
  return { ...DEFAULTS, ...Object.fromEntries(known) };
}

let current = read();

/** @returns {Readonly<Settings>} */
export const settings = () => current;

/**
 * Remembers the changes; false when the browser would not keep them.
 * @param {Partial<Settings>} changes
 */
export function changeSettings(changes) {
  current = { ...current, ...changes };
  return attempt(() => (localStorage.setItem(KEY, JSON.stringify(current)), true), false);
}

export const token = () => attempt(() => sessionStorage.getItem(TOKEN_KEY) ?? '', '');

/** @param {string} value */
export function setToken(value) {
  attempt(
    () => (value ? sessionStorage.setItem(TOKEN_KEY, value) : sessionStorage.removeItem(TOKEN_KEY)),
    undefined,
  );
}

export function forgetSettings() {
  current = { ...DEFAULTS };
  attempt(() => localStorage.removeItem(KEY), undefined);
  setToken('');
}
