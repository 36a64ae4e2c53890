import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { toAppError } from '@eigenloom/errors';
import { parseOptions, USAGE } from './options.js';
import { planSummary } from './plan/plan-summary.js';
import { methodTable, plainTable } from './report/method-table.js';
import { reportPage } from './report/page.js';
import { compareStarts, summarize } from './report/verdicts.js';
import { runDemo } from './run/demo-run.js';
import { duration, Terminal } from './run/terminal.js';

const ROOT = resolve(__dirname, '..', '..');

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const started = performance.now();
  const terminal = new Terminal();
  const abort = new AbortController();
  process.once('SIGINT', () => {
    abort.abort();
  });
  try {
    const options = parseOptions(args, ROOT);
    terminal.line(planSummary(options));
    const results = await runDemo(options, terminal, abort.signal);
    await mkdir(options.out, { recursive: true });
    const report = join(options.out, 'report.html');
    await writeFile(join(options.out, 'results.json'), `${JSON.stringify(results, undefined, 1)}\n`);
    await writeFile(report, reportPage(results));
    const verdict = summarize(compareStarts(results)).join('\n');
    process.stdout.write(`\n${plainTable(methodTable(results))}\n\n${verdict}\n\n`);
    const total = (performance.now() - started) / 1000;
    process.stdout.write(`Report: ${report} (${duration(total)} in all)\n`);
    return 0;
  } catch (error) {
    const { message, reason } = toAppError(error);
    process.stderr.write(`\ndemo: ${message} (${reason})\n`);
    return abort.signal.aborted ? 130 : 1;
  }
}

void main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
