// SPDX-License-Identifier: Apache-2.0
// Starts the page: engine, views, and the way from one to the other by the address's hash.
import { byId, note, toast } from './dom.js';
import { Engine } from './engine/engine.js';
import { startOffline } from './offline.js';
import { startThemeSwitch } from './theme_switch.js';
import { BatchView } from './views/batch.js';
import { ClassifyView } from './views/classify.js';
import { EvaluateView } from './views/evaluate.js';
import { HistoryView } from './views/history.js';
import { SettingsView } from './views/settings.js';
import { TrainingView } from './views/training.js';

/** @typedef {import('./types.d.ts').Email} Email */
/** @typedef {import('./types.d.ts').View} View */

const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);

const engine = new Engine();
engine.addEventListener('status', showStatus);
engine.start(); // first, since all waits for it
const app = { engine, openEmail };
const classify = new ClassifyView(app);
/** @type {Record<string, View>} */
const views = {
  classify,
  batch: new BatchView(app),
  history: new HistoryView(app),
  training: new TrainingView(app),
  evaluate: new EvaluateView(app),
  settings: new SettingsView(app),
};

/** @param {Email} email */
function openEmail(email) {
  location.hash = '#/classify';
  classify.open(email);
}

const currentName = () => {
  const name = location.hash.replace(/^#\//, '');
  return Object.hasOwn(views, name) ? name : 'classify';
};

/** @param {boolean} moveFocus */
function showView(moveFocus) {
  const current = currentName();
  for (const name of Object.keys(views)) byId(`view-${name}`).hidden = name !== current;
  for (const link of document.querySelectorAll('.nav a')) {
    if (link.getAttribute('href') === `#/${current}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const title = byId(`${current}-title`);
  document.title = `${title.textContent} · Email classifier`;
  views[current].show?.();
  if (!moveFocus) return;
  scrollTo(0, 0);
  title.focus({ preventScroll: true });
}

function showStatus() {
  const { phase, where, loaded, total, problem } = engine.status;
  byId('engine-status').dataset.phase = phase;
  byId('engine-status-text').textContent = {
    starting: where === 'server' ? 'Connecting' : 'Starting',
    loading:
      loaded > 0
        ? `Loading the model, ${megabytes(loaded)} of ${megabytes(total)} MB`
        : 'Loading the model',
    ready: where === 'server' ? 'Ready, on the server' : 'Ready, on this device',
    failed: where === 'server' ? 'No server' : 'Without the model',
  }[phase];
  showProblem(phase === 'failed' ? problem : '');
}

/** @param {string} problem */
function showProblem(problem) {
  const place = byId('engine-problem');
  if (place.dataset.problem === problem) return;
  place.dataset.problem = problem;
  if (problem === '') {
    place.replaceChildren();
    return;
  }
  const again = document.createElement('button');
  again.className = 'button button-small';
  again.append('Try again');
  again.addEventListener('click', () => engine.start());
  const box = note('bad', problem);
  box.append(again);
  place.replaceChildren(box);
}

function acceptDrops() {
  const veil = byId('drop-veil');
  const taker = () => views[currentName()].drop && views[currentName()];
  const files = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes('Files');
  addEventListener('dragover', (event) => {
    if (!files(event)) return;
    event.preventDefault(); // or the browser leaves the page for the file
    veil.hidden = !taker();
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) veil.hidden = true;
  });
  addEventListener('drop', (event) => {
    if (!files(event)) return;
    event.preventDefault();
    veil.hidden = true;
    taker()?.drop?.([...(event.dataTransfer?.files ?? [])]);
  });
}

engine.addEventListener('recovered', () =>
  toast('The engine had stopped and was started again. Nothing is lost.'),
);
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#/')) showView(true);
});
startThemeSwitch();
acceptDrops();
showView(false);
startOffline();
