import { type FieldText, messageText, nearest, type common, type ServiceKind } from '@eigenloom/contracts';
import { contractOf } from '@eigenloom/runtime';
import { usage } from './failure.js';
import { loadKinds } from './mesh/service-kinds.js';
import { print, printJson, printTable } from './output.js';

/** A parameter of a method, with its path below the method: `batching.batch_size`. */
interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly description: string;
}

interface Shown extends common.Method {
  readonly service: ServiceKind;
  readonly parameters: readonly Parameter[];
}

/** Messages that are part of a parameter list; others, such as a model, are one parameter. */
const OPENED = /\.(Batching|SearchBudget|DatasetRef|ModelRef)$/;

function parametersOf(typeName: string, above = ''): Parameter[] {
  return (messageText(typeName)?.fields ?? []).flatMap(({ name, type, message, comment }): Parameter[] => {
    const own = { name: above + name, type: shortName(type), description: comment };
    return OPENED.test(message) && !type.startsWith('list')
      ? [own, ...parametersOf(message, `${above}${name}.`)]
      : [own];
  });
}

const shortName = (type: string): string => type.replace(/[\w.]*\.(\w+)$/, '$1');

/** The message of a method's parameters: a member of one of the request's choices, at any depth. */
function parametersType(typeName: string, path: readonly string[], id: string): string | undefined {
  const fields = messageText(typeName)?.fields ?? [];
  const [first, ...rest] = path;
  const found: FieldText | undefined = fields.find(({ name }) => name === (first ?? id));
  return first === undefined ? found?.message : found && parametersType(found.message, rest, id);
}

/** Prints what a method does and takes: its parameters with their defaults, its paper, and where it departs from that. */
export async function showMethod(
  services: readonly ServiceKind[],
  id: string,
  { json }: { readonly json?: boolean },
): Promise<void> {
  const all = (await loadKinds(services)).flatMap(({ kind, methods }) =>
    methods.map((method) => ({ ...method, service: kind })),
  );
  const found = all.filter((method) => method.id === id);
  if (found.length === 0) {
    const near = nearest(
      id,
      all.map((method) => method.id),
    );
    throw usage(
      'methods show',
      `there is no method ${id}${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
  const shown = found.map((method): Shown => {
    const type = parametersType(contractOf(method.service).requestType, method.field.split('.'), id);
    return { ...method, parameters: type === undefined ? [] : parametersOf(type) };
  });
  if (json === true) printJson(shown);
  else shown.forEach(printMethod);
}

function printMethod({ id, service, field, summary, paper, deviations, parameters }: Shown): void {
  print(`${id} (${service}, ${field})`);
  print(summary);
  print(`paper: ${paper}`);
  if (deviations !== '') print(`differs: ${deviations}`);
  print('');
  if (parameters.length === 0) print('no parameters');
  else {
    printTable(
      ['PARAMETER', 'TYPE', 'MEANING'],
      parameters.map(({ name, type, description }) => [`${id}.${name}`, type, description]),
    );
  }
}
