import type { Command } from 'commander';
import { usage } from '../failure.js';

const SERVICES = ['init', 'train', 'merge', 'analysis'] as const;

interface MethodsOptions {
  readonly json?: boolean;
  readonly server?: string;
}

export function addMethods(program: Command): void {
  const parent = program.command('methods').description('List the methods of the services, or show one');
  parent
    .command('show')
    .description(
      'Show what a method does, its parameters with their defaults, and where it differs from its paper',
    )
    .argument('<id>', 'as eigenloom methods lists it')
    .option('--json', 'print it as JSON')
    .action(async (id: string, _options: MethodsOptions, command: Command) => {
      const { showMethod } = await import('../show-method.js');
      await showMethod(SERVICES, id, command.optsWithGlobals());
    });
  parent
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
