#!/usr/bin/env node
// Makes docs/results.md of what `bench/reproduction/run.mjs` has left: a number is the mean over seeds, with Student's 95% interval where there are several,
// else with the interval of the one result.
//
//   node bench/reproduction/write.mjs [--out runs/reproduction]

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { recipesSection } from './recipes-table.mjs';
import { systemsSection } from './systems.mjs';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'runs', 'reproduction') } } });
const folder = resolve(values.out);
const seeds = readdirSync(folder)
  .filter((name) => /^seed-\d+$/.test(name))
  .sort();

/** Evaluations in the paper's order. */
const ORDER = [
  'instruments',
  'detail',
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
/** Their mean, and how far its 95% interval reaches. */
function student(values) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  return { mean, reach: (STUDENT[values.length - 2] * deviation) / Math.sqrt(values.length) };
}
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
  if (found.length === 1) {
    const { value, low, high } = cells.find(isEstimate);
    return Number.isFinite(low) && low !== null ? `${short(value)} (${short(low)} to ${short(high)})` : short(value);
  }
  const { mean, reach } = student(found);
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
/** What strategies are compared by: a column of a table, its rows named by `by`, and whether less of it is better. */
const COMPARED = [
  { of: 'fidelity', table: 'fidelity', by: 'images', column: 'FID', only: { space: 'imagenet' }, less: true },
  { of: 'fidelity', table: 'fidelity', by: 'images', column: 'FID', only: { space: 'chest' }, less: true },
  { of: 'fidelity', table: 'ms-ssim', by: 'images', column: 'MS-SSIM', less: true },
  { of: 'classification', table: 'classification', by: 'set', column: 'mean of all' },
  { of: 'report-generation', table: 'report-generation-labels', by: 'images', column: 'F1 micro of 14, uncertain positive' },
  { of: 'retrieval', table: 'retrieval-image-image', by: 'images', column: 'Precision@5' },
];
const REFERENCE = 'joint';
/** The models' values of every seed by name. */
function valuesOf({ of, table, by, column, only = {} }) {
  const values = new Map();
  for (const [seed, { tables }] of (results[of] ?? []).entries())
    for (const row of tables.find(({ name }) => name === table)?.rows ?? []) {
      if (Object.entries(only).some(([name, value]) => row[name] !== value)) continue;
      const value = numberOf(row[column]);
      if (Number.isFinite(value)) values.set(row[by], [...(values.get(row[by]) ?? []), { seed, value }]);
    }
  return values;
}
/** Each strategy less the joint one, paired by seed, so that what a seed does to all of them alike falls out. */
const compared = COMPARED.flatMap((measure) => {
  const all = valuesOf(measure);
  const names = new Set(trained.filter(({ steps }) => steps > 0).map(({ recipe }) => recipe));
  return [...all].flatMap(([name, found]) => {
    const differences = found.flatMap(({ seed, value }) => {
      const reference = all.get(REFERENCE)?.find((each) => each.seed === seed);
      return reference ? [value - reference.value] : [];
    });
    if (name === REFERENCE || !names.has(name) || differences.length < 2) return [];
    const { mean, reach } = student(differences);
    const better = measure.less ? -mean : mean;
    const where = Object.values(measure.only ?? {}).map((value) => `, ${value}`).join('');
    return [
      {
        measure: `${measure.column}${where} (${measure.less ? 'less' : 'more'} is better)`,
        strategy: name,
        [`less ${REFERENCE}`]: `${short(mean)} ± ${short(reach)}`,
        seeds: differences.map(short).join(', '),
        verdict: Math.abs(mean) <= reach ? 'undecided' : better > 0 ? `better than ${REFERENCE}` : `${REFERENCE} is better`,
      },
    ];
  });
});

const training = [...new Set(trained.filter(({ steps }) => steps > 0).map(({ recipe, steps }) => `${recipe} ${steps} steps`))]
  .map((what) => {
    const seconds = trained.filter(({ recipe, steps }) => `${recipe} ${steps} steps` === what).map((row) => Math.round(row.seconds));
    return `${what} in ${seconds.join(', ')} s`;
  })
  .join('; ');
const hours = commands.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
const engines = new Set(Object.values(results).flatMap((found) => found.map(({ engine }) => engine)));
const text = `# Results

RoentGen's tables ([arXiv:2211.12737](https://arxiv.org/abs/2211.12737)) as this project reproduces them at laptop scale: the small world's model, which stands for Stable Diffusion,
adapted to the phantom, which stands for MIMIC-CXR, at 64 pixels. **The images are synthetic and not for diagnosis, and no number here is one of the paper's:** what can repeat is an order,
not a size. A finding is *repeated* where its interval says so in every seed, *undecided* where an interval holds both or seeds differ.

Made by \`node bench/reproduction/run.mjs\` and \`node bench/reproduction/write.mjs\`: ${hours.toFixed(1)} hours of measuring (${[...engines].join('; ')}). [evaluation.md](evaluation.md) says what
is measured and how; definitions and figures stand in each result's folder. Trained by \`roentgen strategies\`: ${training}.
${seeds.length < 3 ? `\n**${seeds.length === 1 ? 'One seed' : 'Two seeds'} so far:** intervals are over images and prompts, and say nothing of what another training would give.\n` : ''}
${recipesSection()}
## Findings at a glance

${markdown(glance)}
${compared.length === 0 ? '' : `\n## Strategies compared\n\nEach strategy less the joint one, paired by seed: mean over seeds, ± Student's 95% interval. Three seeds decide only what is far apart.\n\n${markdown(compared)}\n`}
${sections.join('\n\n')}

${systemsSection()}
`;
writeFileSync(join(root, 'docs', 'results.md'), text);
process.stdout.write(`docs/results.md: ${sections.length} evaluations of ${seeds.length} seeds\n`);
