#!/usr/bin/env node
// Makes docs/results.md of what `bench/reproduction/run.mjs` has left: a number is the mean over seeds, with Student's 95% interval where there are several,
// else with the interval of the one result.
//
//   node bench/reproduction/write.mjs [--out runs/reproduction]

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'runs', 'reproduction') } } });
const folder = resolve(values.out);
const seeds = readdirSync(folder)
  .filter((name) => /^seed-\d+$/.test(name))
  .sort();

/** Evaluations in the paper's order. */
const ORDER = [
  'instruments',
  'fidelity',
  'diversity',
  'classification',
  'report-generation',
  'retrieval',
  'augmentation',
  'distillation',
  'forgetting',
  'memorisation',
  'ground-truth',
];
const results = Object.fromEntries(
  ORDER.map((name) => [
    name,
    seeds.flatMap((seed) => {
      const file = join(folder, seed, 'evaluation', name, 'result.json');
      return existsSync(file) ? [{ seed: seed.slice('seed-'.length), ...JSON.parse(readFileSync(file, 'utf8')) }] : [];
    }),
  ]).filter(([, found]) => found.length > 0),
);

/** Student's t for 95% on both sides, by degrees of freedom from 1. */
const STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447];
const isEstimate = (cell) => typeof cell === 'object' && cell !== null && 'value' in cell;
const numberOf = (cell) => (isEstimate(cell) ? cell.value : typeof cell === 'number' ? cell : undefined);

function short(value) {
  if (value === null || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (Number.isInteger(value)) return String(value);
  if (size < 1e-3) return value.toExponential(1);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toFixed(3);
}

/** A cell of all seeds as one. */
function merged(cells) {
  const [first] = cells;
  const found = cells.map(numberOf).filter((value) => value !== undefined && value !== null && Number.isFinite(value));
  if (found.length === 0) return typeof first === 'string' ? first : '–';
  if (!cells.some(isEstimate)) return found.every((value) => value === found[0]) ? short(found[0]) : found.map(short).join(', ');
  const mean = found.reduce((a, b) => a + b, 0) / found.length;
  if (found.length === 1) {
    const { low, high } = cells.find(isEstimate);
    return Number.isFinite(low) && low !== null ? `${short(mean)} (${short(low)} to ${short(high)})` : short(mean);
  }
  const deviation = Math.sqrt(found.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (found.length - 1));
  const reach = (STUDENT[found.length - 2] * deviation) / Math.sqrt(found.length);
  return `${short(mean)} ± ${short(reach)}`;
}

const escaped = (text) => String(text).replaceAll('|', '\\|');
function markdown(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells) => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map((row) => line(columns.map((name) => row[name] ?? '–')))].join('\n');
}

/** Rows with the same words in them are one row of all seeds. */
function mergedTable(tables) {
  const words = (row) => JSON.stringify(Object.entries(row).filter(([, cell]) => typeof cell === 'string'));
  const groups = new Map();
  for (const { rows } of tables)
    for (const row of rows) {
      const of = words(row);
      groups.set(of, [...(groups.get(of) ?? []), row]);
    }
  return [...groups.values()].map((rows) => {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    return Object.fromEntries(columns.map((name) => [name, merged(rows.map((row) => row[name] ?? null))]));
  });
}

/** A finding is repeated where it is in every seed, and undecided where seeds differ. */
function verdicts(found) {
  const byFinding = new Map();
  for (const { seed, findings } of found)
    for (const each of findings ?? []) byFinding.set(each.finding, [...(byFinding.get(each.finding) ?? []), { seed, ...each }]);
  return [...byFinding].map(([finding, all]) => ({
    finding,
    'the paper': all[0].paper,
    here: all.map(({ seed, here }) => (all.length > 1 ? `seed ${seed}: ${here}` : here)).join('; '),
    verdict: new Set(all.map(({ verdict }) => verdict)).size === 1 ? all[0].verdict : 'undecided',
  }));
}

/** Tables longer than this stay in the result's own folder. */
const MOST_ROWS = 40;
const sections = Object.entries(results).map(([name, found]) => {
  const [{ title, paper, tables, notes, prompts, data, quick }] = found;
  const shown = tables.filter(({ name: table, detail, rows }) => !table.startsWith('paper') && !detail && rows.length > 0 && rows.length <= MOST_ROWS);
  const papers = tables.filter(({ name: table, rows }) => table.startsWith('paper') && rows.length > 0);
  const findings = verdicts(found);
  const seconds = found.map((each) => each.seconds);
  return [
    `## ${title}`,
    `${paper[0].toUpperCase()}${paper.slice(1)}. \`roentgen evaluate ${name}\`: ${found.length === 1 ? 'seed' : 'seeds'} ${found.map(({ seed }) => seed).join(', ')}; ${prompts} prompts of ${data.name}${quick ? '; the quick form' : ''}; ${seconds.join(', ')} s.`,
    ...shown.flatMap(({ name: table, title: heading, intervals }) => {
      const all = found.map(({ tables: each }) => each.find((one) => one.name === table)).filter(Boolean);
      const how = all.length > 1 ? "Mean over seeds, ± Student's 95% interval." : intervals ? `Intervals: ${intervals}.` : '';
      return [`**${heading}**`, markdown(mergedTable(all)), how].filter(Boolean);
    }),
    ...(findings.length > 0 ? ['**Findings**', markdown(findings)] : []),
    ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
    ...(papers.length > 0
      ? [`<details><summary>The paper's own numbers</summary>\n\n${papers.map(({ title: heading, rows }) => `${heading}\n\n${markdown(mergedTable([{ rows }]))}`).join('\n\n')}\n\n</details>`]
      : []),
  ].join('\n\n');
});

/** All findings with their verdicts, before the tables that they come from. */
const glance = Object.values(results).flatMap((found) => verdicts(found).map(({ finding, verdict }) => ({ finding, verdict, of: found[0].title })));

const commands = seeds.flatMap((seed) => {
  const log = join(folder, seed, 'commands.jsonl');
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line)) : [];
});
/** What was trained for it. */
const trained = seeds.flatMap((seed) => {
  const strategies = join(folder, seed, 'strategies');
  return (existsSync(strategies) ? readdirSync(strategies) : []).flatMap((name) => {
    const file = join(strategies, name, 'row.json');
    return existsSync(file) ? [JSON.parse(readFileSync(file, 'utf8')).row] : [];
  });
});
const training = trained
  .filter(({ steps }) => steps > 0)
  .map(({ recipe, steps, seconds }) => `${recipe} ${steps} steps in ${Math.round(seconds)} s`)
  .join(', ');
const hours = commands.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
const engines = new Set(Object.values(results).flatMap((found) => found.map(({ engine }) => engine)));
const text = `# Results

RoentGen's tables ([arXiv:2211.12737](https://arxiv.org/abs/2211.12737)) as this project reproduces them at laptop scale: the small world's model, which stands for Stable Diffusion,
adapted to the phantom, which stands for MIMIC-CXR, at 64 pixels. **The images are synthetic and not for diagnosis, and no number here is one of the paper's:** what can repeat is an order,
not a size. A finding is *repeated* where its interval says so in every seed, *undecided* where an interval holds both or seeds differ.

Made by \`node bench/reproduction/run.mjs\` and \`node bench/reproduction/write.mjs\`: ${hours.toFixed(1)} hours of measuring (${[...engines].join('; ')}). [evaluation.md](evaluation.md) says what
is measured and how; definitions and figures stand in each result's folder. Trained by \`roentgen strategies\`: ${training}.
${seeds.length < 3 ? `\n**${seeds.length === 1 ? 'One seed' : 'Two seeds'} so far:** intervals are over images and prompts, and say nothing of what another training would give.\n` : ''}
## Findings at a glance

${markdown(glance)}

${sections.join('\n\n')}
`;
writeFileSync(join(root, 'docs', 'results.md'), text);
process.stdout.write(`docs/results.md: ${sections.length} evaluations of ${seeds.length} seeds\n`);
