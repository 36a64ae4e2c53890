/** The `eigenloom` command. */
export { runCli } from './run-cli.js';
export { EXIT_STATUS } from './exit-status.js';
