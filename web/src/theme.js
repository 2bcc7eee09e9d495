// SPDX-License-Identifier: Apache-2.0
// Runs before the first paint, so that a chosen theme never flashes. Classic script, no imports.
try {
  const { theme } = JSON.parse(localStorage.getItem('email-classifier.settings') ?? '{}');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden or damaged: the system's theme it is.
}
