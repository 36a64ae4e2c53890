import type { Command } from 'commander';
import { meshFolder, port, repeated } from '../options.js';
import type { UpOptions } from '../serve-all.js';

export function addUp(program: Command): void {
  meshFolder(program.command('up'))
    .description('Serve all four services from this process')
    .option('--nats <url>', 'join the mesh on this NATS server instead of being one alone')
    .option('--port <n>', 'port to listen on; 0 takes any free one (default: 50051)', port)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option(
      '--root <dir>',
      'folder that requests may read and write (may be repeated; default: the working directory)',
      repeated,
    )
    .action(async (options: UpOptions) => {
      await (await import('../serve-all.js')).serveAll(options);
    });
}
