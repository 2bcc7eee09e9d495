// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the system. theme.js applies the choice before the first paint.
import { byId, icon } from './dom.js';
import { changeSettings, settings } from './settings.js';

const NEXT = /** @type {const} */ ({ system: 'light', light: 'dark', dark: 'system' });
const NAMES = { system: 'as the system', light: 'light', dark: 'dark' };
const PICTURES = { system: 'theme', light: 'sun', dark: 'moon' };

/** @param {'system' | 'light' | 'dark'} theme */
export function applyTheme(theme) {
  if (theme !== settings().theme) changeSettings({ theme });
  const root = document.documentElement;
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  const button = byId('theme-button');
  const text = `Colours: ${NAMES[theme]}. Change to ${NAMES[NEXT[theme]]}`;
  button.setAttribute('aria-label', text);
  button.title = text;
  button.replaceChildren(icon(PICTURES[theme]));
}

export function startThemeSwitch() {
  byId('theme-button').addEventListener('click', () => applyTheme(NEXT[settings().theme]));
  applyTheme(settings().theme);
}
