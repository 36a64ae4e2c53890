import type { Claim, Measured } from './claim.js';
import { type System, SYSTEMS } from './systems.js';

/** What a run found of one claim. */
export interface Outcome extends Measured {
  readonly row: number;
  readonly seconds: number;
}

const HEAD = `# The published systems

\`npm run claims\` makes this page: for each row the smallest experiment that shows what its paper claims, through the public API, on two cores; \`npm run claims -- 36 58\` runs some of them. Each criterion was fixed before it was measured. A claim that does not hold is listed as that.

| row | system | paper | services | works when | methods | outcome | measured | time |
|---|---|---|---|---|---|---|---|---|
`;

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim();

/** The page, from what is on record of each claim. */
export function systemsPage(claims: readonly Claim[], outcomes: readonly Outcome[]): string {
  const byRow = new Map(claims.map((claim) => [claim.row, claim]));
  const found = new Map(outcomes.map((outcome) => [outcome.row, outcome]));
  const lines = SYSTEMS.map((system) => line(system, byRow.get(system.row), found.get(system.row)));
  const count = (held: boolean): number =>
    outcomes.filter((outcome) => byRow.has(outcome.row) && outcome.held === held).length;
  const summary = `\n${count(true)} held, ${count(false)} not held, ${SYSTEMS.length - byRow.size} not built yet.\n`;
  return `${HEAD}${lines.join('\n')}\n${summary}${details(claims, found)}`;
}

function line(system: System, claim: Claim | undefined, outcome: Outcome | undefined): string {
  const { row, name, arxiv, services, works } = system;
  const paper = arxiv === undefined ? '–' : `arXiv:${arxiv}`;
  const cells = [String(row), cell(name), paper, services.split('').join(' '), cell(works)];
  if (claim === undefined) return `| ${[...cells, '', 'not built yet', '', ''].join(' | ')} |`;
  const methods = claim.methods.map((id) => `\`${id}\``).join(', ');
  if (outcome === undefined) return `| ${[...cells, methods, 'not run', '', ''].join(' | ')} |`;
  const verdict = outcome.held ? 'held' : '**not held**';
  const partly = claim.missing === '' ? verdict : `${verdict}, in part`;
  return `| ${[...cells, methods, partly, cell(outcome.measured), `${outcome.seconds} s`].join(' | ')} |`;
}

function details(claims: readonly Claim[], found: ReadonlyMap<number, Outcome>): string {
  return claims
    .map(({ row, statement, criterion, missing }) => {
      const outcome = found.get(row);
      const parts = [
        `\n## Row ${row}\n`,
        statement,
        `\nHolds when: ${criterion}`,
        ...(missing === '' ? [] : [`\nNot shown here: ${missing}`]),
        ...(outcome === undefined ? [] : [`\nMeasured: ${outcome.measured}`]),
      ];
      return `${parts.join('\n')}\n`;
    })
    .join('');
}
