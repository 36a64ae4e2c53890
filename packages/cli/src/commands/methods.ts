import type { Command } from 'commander';
import { usage } from '../failure.js';

const SERVICES = ['init', 'train', 'merge', 'analysis'] as const;

interface MethodsOptions {
  readonly json?: boolean;
  readonly server?: string;
}

export function addMethods(program: Command): void {
  program
    .command('methods')
    .description('List the methods of the services')
    .argument('[service]', SERVICES.join(', '))
    .option('--server <address>', 'list those of the server at HOST:PORT')
    .option('--json', 'print them as JSON')
    .action(async (name: string | undefined, options: MethodsOptions) => {
      const services = SERVICES.filter((service) => name === undefined || service === name);
      if (services.length === 0) throw usage('methods', `'${name ?? ''}' is none of ${SERVICES.join(', ')}`);
      const { listMethods } = await import('../list-methods.js');
      await listMethods(services, options);
    });
}
