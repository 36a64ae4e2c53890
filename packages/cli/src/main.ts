#!/usr/bin/env node
import { runCli } from './run-cli.js';

// A reader that went away, as in `eigenloom methods | head -1`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

void runCli(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
