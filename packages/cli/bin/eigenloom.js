#!/usr/bin/env node
'use strict';
// Committed, so that npm can link it before anything is compiled.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const main = join(__dirname, '..', 'dist', 'main.js');
if (existsSync(main)) {
  require(main);
} else {
  process.stderr.write('eigenloom: it is not built yet: run `npm run setup` in its repository\n');
  process.exitCode = 1;
}
