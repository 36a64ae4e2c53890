import type { Results } from '../results.js';
import { duration } from '../run/terminal.js';
import { accuracies, accuraciesHeight } from './charts/accuracies.js';
import { EPSILON, intruderMap, intruderMapSize } from './charts/intruder-map.js';
import { lossCurves, SMOOTHED_STEPS } from './charts/loss-curves.js';
import { singularValues, singularValuesSize } from './charts/singular-values.js';
import { intruderFindings, mergeFindings, soupFindings } from './findings.js';
import { escapeHtml, figure, htmlPage, htmlTable, list, paragraph } from './html.js';
import { methodTable } from './method-table.js';
import { renderChart } from './render-chart.js';
import { compareStarts, summarize } from './verdicts.js';

/** The report as one HTML document. */
export function reportPage(results: Results): string {
  const verdicts = compareStarts(results);
  const body = [
    header(results),
    `<div class="summary">${list(summarize(verdicts))}</div>`,
    dataSection(results),
    lossSection(results),
    '<h2>Do the starts differ?</h2>',
    paragraph(
      'Runs of one seed see the same examples in the same order under the same new head, so starts are compared in pairs: Student’s ' +
        't-test over the seeds, two-sided, with Holm’s correction over all lines below. With this few seeds only large differences can be shown.',
    ),
    list(verdicts.map(({ task, sentence }) => `${task}: ${sentence}`)),
    accuracySection(results),
    '<h2>Soups and merges</h2>',
    list([...soupFindings(results), ...mergeFindings(results)]),
    paragraph(
      'The two tasks share the encoder only. Each keeps its own head, which is put on the merged encoder for the test.',
    ),
    spectraSection(results),
    artifactSection(results),
  ].join('\n');
  return htmlPage('Eigenloom demo', body);
}

function header({ startedAt, machine, options, seconds }: Results): string {
  const total = Object.values(seconds).reduce((sum, part) => sum + part, 0);
  const parts = Object.entries(seconds).map(([part, value]) => `${part} ${duration(value)}`);
  const { steps, batchSize, seeds, maxLength, rank, loraLearningRate, fullLearningRate } = options.training;
  const quick = options.quick
    ? paragraph('This was a quick run to see every part work; its figures mean nothing.')
    : '';
  return `<h1>One model through init, train, merge and analysis</h1>
<p class="lead">all-MiniLM-L6-v2, ${escapeHtml(startedAt.slice(0, 16).replace('T', ' '))} UTC, ${escapeHtml(machine.cpu)}, ${machine.cores} cores, Node ${escapeHtml(machine.node)}; ${duration(total)} in all (${escapeHtml(parts.join(', '))})</p>
${quick}${paragraph(
    `Every LoRA run: rank ${rank} on query and value, scaling 1, ${steps} steps of ${batchSize} texts of at most ${maxLength} tokens, AdamW at ${loraLearningRate} with warm-up and linear decay, ${seeds.length} ${seeds.length === 1 ? 'seed' : 'seeds'}. ` +
      `Full fine-tuning: the same steps once per task at ${fullLearningRate}. The learning rate is one for all starts and was not tuned for any of them.`,
  )}`;
}

function dataSection(results: Results): string {
  const cards = results.tasks.map(({ title, source, measures, splits, removed, majorityBaseline, name }) => {
    const rows = Object.entries(splits).map(([split, { examples, groups, classes }]) => [
      split,
      Object.entries(classes)
        .map(([label, count]) => `${label} ${count}`)
        .join(', '),
      String(examples),
      String(groups),
    ]);
    const left = Object.entries(removed).map(([why, count]) => `${count} ${why}`);
    return `<h3>${escapeHtml(`${title} (“${name}”)`)}</h3>
${htmlTable([['split', 'classes', 'examples', 'groups'], ...rows], 2)}
${paragraph(`Source: ${source}. Left out: ${left.join(', ')}. Majority baseline on the test split: ${majorityBaseline.toFixed(3)}. ${measures}`)}`;
  });
  return `<h2>Data</h2>
${paragraph('Groups (speeches, mail threads) never cross a split, and near-duplicates (Jaccard similarity of three-word sequences of 0.5 or more) are removed over all splits. The test split was read once, after all choices.')}
${cards.join('\n')}`;
}

function lossSection(results: Results): string {
  const charts = results.tasks.map(({ name }) =>
    figure(
      renderChart(lossCurves(results, name), 540, 330),
      `${name}: running mean over ${SMOOTHED_STEPS} steps; line: mean of the seeds, band: smallest to largest.`,
    ),
  );
  return `<h2>Loss by start</h2><div class="pair">${charts.join('\n')}</div>`;
}

function accuracySection(results: Results): string {
  const charts = results.tasks.map(({ name }) =>
    figure(
      renderChart(accuracies(results, name), 540, accuraciesHeight(results, name)),
      `${name}: test accuracy with Wilson’s 95 % interval; small dots: single seeds; dashed: majority baseline.`,
    ),
  );
  return `<h2>Test accuracy</h2>
${htmlTable(methodTable(results), 6)}
${paragraph('± is the standard deviation over seeds. The 95 % CI is Wilson’s at the mean accuracy, for the size of the test split: all seeds answer the same examples. “By group” draws whole speeches or threads (bootstrap), because examples of one group are not independent; it is the more honest of the two. Seconds are those of a whole job.')}
<div class="pair">${charts.join('\n')}</div>`;
}

function spectraSection(results: Results): string {
  const [first] = results.tasks;
  return `<h2>What training did to the weights</h2>
${list(intruderFindings(results))}
${figure(
  renderChart(singularValues(results), ...singularValuesSize(results)),
  `Singular values of the change ΔW of every adapted matrix, seed 1 of task ${first?.name ?? ''}, largest 40, logarithmic. A LoRA change ends at its rank; PiSSA’s, measured from the original weights, at twice that.`,
)}
${figure(
  renderChart(intruderMap(results), ...intruderMapSize(results)),
  `Largest cosine of each of the ten leading left singular vectors of the tuned matrix to any of the base’s. × marks an intruder dimension (cosine below ${EPSILON}).`,
)}`;
}

function artifactSection({ artifacts, mergedEncoders, options }: Results): string {
  const rows = artifacts.map(({ folder, digest }) => [folder, digest.slice(0, 16)]);
  return `<h2>Files</h2>
${paragraph(`Adapters in PEFT’s format and models in Hugging Face layout, under the folder of this report. The encoders merged are those of ${mergedEncoders.join(' and ')}. Splits were drawn with seed ${options.data.splitSeed}. Everything here is in results.json.`)}
<details><summary>${artifacts.length} artifacts with the start of their digests</summary>${htmlTable([['folder', 'SHA-256'], ...rows])}</details>`;
}
