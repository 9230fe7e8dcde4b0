#!/usr/bin/env node
// The section of docs/results.md on the systems' papers, of what their commands have left: tables, findings, seconds, seeds. What was measured is kept in systems.json.
//
//   node bench/reproduction/systems.mjs radgraph-findings=runs/radgraph-findings sei-evaluation=runs/sei-evaluation
//
// takes a folder's result into systems.json and writes the section anew; without arguments it writes the section alone. Folders of other seeds follow behind commas:
// of these the page has what became of each finding, and means over seeds of the columns that `overSeeds` names. NAME+=FOLDER adds a seed to what is kept.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const keptFile = fileURLToPath(new URL('systems.json', import.meta.url));
const page = fileURLToPath(new URL('../../docs/results.md', import.meta.url));

/** Names of a recipe's settings, whichever way a result tells them. */
const recipeOf = ({ recipe }) => (typeof recipe === 'string' ? recipe : recipe.name);

/** What `radgraph train` leaves, as a table. */
const trainedRadGraph = ({ scores, steps, seconds, notes }) => {
  const sets = Object.entries(scores);
  const [, { reports }] = sets[0];
  return {
    tables: [
      {
        title: `F1 on ${reports} other reports, hundredths: in words that were learnt, and in words and frames that no training report has`,
        intervals: '95% bootstrap over reports, 500 draws',
        rows: Object.keys(sets[0][1].measures).map((measure) => ({
          F1: measure,
          ...Object.fromEntries(sets.map(([set, { measures }]) => [set, hundredths(measures[measure])])),
          ...(sets[0][1].counts[measure] !== undefined && { count: sets[0][1].counts[measure] }),
        })),
      },
    ],
    findings: [],
    notes,
    recipe: 'phantom',
    steps,
    seed: 1,
    seconds,
  };
};
const hundredths = ({ value, low, high }) => ({ value: 100 * value, low: 100 * low, high: 100 * high });

/** Its evaluation, a section of the page for each of its parts. */
const partsOfCheXagent = ({ seed, draws, parts, ...result }) =>
  `roentgen chexagent evaluate ${recipeOf(result)} --seed ${seed} --draws ${draws} --parts ${parts.join(',')}`;

/** What can be taken in, in the order of the page. */
const SYSTEMS = {
  radgraph: {
    title: 'RadGraph: entities and relations of reports',
    paper: '[arXiv:2106.14463](https://arxiv.org/abs/2106.14463)',
    command: ({ seed }) => `roentgen radgraph train phantom --seed ${seed}`,
    document: 'radgraph.md',
    file: 'scores.json',
    read: trainedRadGraph,
  },
  'radgraph-findings': {
    title: "RadGraph: the paper's findings",
    paper: '[arXiv:2106.14463](https://arxiv.org/abs/2106.14463)',
    command: (result) => `roentgen radgraph findings ${recipeOf(result)} --seeds ${result.seeds.join(',')} --doubts ${result.doubts.join(',')}`,
    document: 'radgraph.md',
  },
  'sei-evaluation': {
    title: 'SEI: reports from image, indication and a similar case',
    paper: '[arXiv:2405.14905](https://arxiv.org/abs/2405.14905)',
    command: (result) => `roentgen sei evaluate ${recipeOf(result)} --seed ${result.seed} --draws ${result.draws} --radgraph runs/radgraph/model`,
    document: 'sei.md',
  },
  'journey-variants': {
    title: 'BiomedJourney: a later image from the prior one and words',
    paper: '[arXiv:2310.10765](https://arxiv.org/abs/2310.10765)',
    command: (result) => `roentgen biomedjourney variants ${recipeOf(result)} --seed ${result.seed} --draws ${result.draws}`,
    document: 'biomedjourney.md',
  },
  'journey-evaluation': {
    title: 'BiomedJourney: edits within and outside of what should change, and contradictory instructions',
    paper: '[arXiv:2310.10765](https://arxiv.org/abs/2310.10765)',
    command: (result) => `roentgen biomedjourney evaluate runs/journey/model --recipe ${recipeOf(result)} --seed ${result.seed} --draws ${result.draws}`,
    document: 'biomedjourney.md',
  },
  'journey-guidance': {
    title: 'BiomedJourney: guidance by text and by image',
    paper: '[arXiv:2310.10765](https://arxiv.org/abs/2310.10765)',
    command: (result) => `roentgen biomedjourney guidance runs/journey/model --recipe ${recipeOf(result)} --seed ${result.seed} --draws ${result.draws}`,
    document: 'biomedjourney.md',
  },
  'drr-rate': {
    title: 'DRR-RATE: findings of reconstructed radiographs, within and across domains',
    paper: '[arXiv:2406.03688](https://arxiv.org/abs/2406.03688)',
    command: (result) => `roentgen drr-rate evaluate ${recipeOf(result)} --parts ${result.parts.join(',')} --seed ${result.seed} --draws ${result.draws}`,
    document: 'drr-rate.md',
  },
  'drr-rate-nih': {
    title: 'DRR-RATE: the same with real radiographs',
    paper: '[arXiv:2406.03688](https://arxiv.org/abs/2406.03688)',
    command: (result) => `roentgen drr-rate evaluate ${recipeOf(result)} --x-ray NIH --parts ${result.parts.join(',')} --seed ${result.seed} --draws ${result.draws}`,
    document: 'drr-rate.md',
  },
  viewxgen: {
    title: 'ViewXGen: one model over a study’s report and views',
    paper: '[arXiv:2302.12172](https://arxiv.org/abs/2302.12172)',
    command: (result) =>
      `roentgen viewxgen evaluate ${recipeOf(result)} --seed ${result.seed} --draws ${result.draws}${result.diffusion ? ` --diffusion ${result.diffusion}` : ''}`,
    document: 'viewxgen.md',
    overSeeds: [
      { table: /^Reports/, rows: ['by', 'k of n'], columns: ['BLEU-4', 'F1 micro of 14, uncertain positive'] },
      { table: /^The first view/, rows: ['by', 'k of n'], columns: ['FID', 'AUROC', 'view as asked'] },
    ],
  },
  'cxr-llava': {
    title: 'CXR-LLaVA: reports by a language model that sees the image',
    paper: '[arXiv:2310.18341](https://arxiv.org/abs/2310.18341)',
    command: (result) => `roentgen cxr-llava evaluate ${recipeOf(result)} --seed ${result.seed} --draws ${result.draws}`,
    document: 'asking.md',
  },
  'cxr-llava-first': {
    title: 'CXR-LLaVA’s first version: a ResNet that has also learnt to find texts of labels',
    paper: '[arXiv:2310.18341](https://arxiv.org/abs/2310.18341)',
    command: (result) => `roentgen cxr-llava evaluate ${recipeOf(result)} --seed ${result.seed} --draws ${result.draws} --plane 0`,
    document: 'asking.md',
  },
  chexagent: {
    title: 'CheXagent: a bench',
    paper: '[arXiv:2401.12208](https://arxiv.org/abs/2401.12208)',
    command: partsOfCheXagent,
    document: 'asking.md',
    overSeeds: [
      { table: /^Accuracy/, rows: ['questions'], columns: ['generation', 'generation: gained', 'likelihood', 'likelihood: gained'] },
      { table: /^Boxes/, rows: ['boxes'], columns: ['IoU', 'IoU of a half or more'] },
      { table: /^Sections/, rows: ['texts'], columns: ['F1 micro of 5, uncertain positive', 'F1 micro of 14, uncertain positive', 'BLEU-4', 'ROUGE-L'] },
    ],
  },
  'chexagent-stages': {
    title: 'CheXagent: what each stage adds',
    paper: '[arXiv:2401.12208](https://arxiv.org/abs/2401.12208)',
    command: partsOfCheXagent,
    document: 'asking.md',
    overSeeds: [
      {
        table: /^What each stage adds/,
        rows: ['stages'],
        columns: ['accuracy, generation', 'accuracy, likelihood', 'IoU of boxes', 'F1 of findings written (14, micro)'],
      },
    ],
  },
  'chexagent-groups': {
    title: 'CheXagent: whom it serves worse',
    paper: '[arXiv:2401.12208](https://arxiv.org/abs/2401.12208)',
    command: partsOfCheXagent,
    document: 'asking.md',
  },
};

/** Of a result what the page shows. */
const shortened = ({ tables, findings = [], notes = [], seconds, ...result }) => ({
  tables: tables.map(({ title, rows, intervals }) => ({ title, ...(intervals && { intervals }), rows })),
  findings,
  notes,
  recipe: recipeOf(result),
  ...Object.fromEntries(['steps', 'seed', 'seeds', 'doubts', 'draws', 'parts', 'diffusion', 'precision'].flatMap((name) => (result[name] === undefined ? [] : [[name, result[name]]]))),
  seconds: Math.round(seconds),
});

const short = (value) => (Number.isInteger(value) ? String(value) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3));
function cellText(cell) {
  if (cell === undefined || cell === null) return '–';
  if (typeof cell === 'number') return short(cell);
  if (typeof cell !== 'object') return String(cell);
  const { value, low, high } = cell;
  return Number.isFinite(low) && Number.isFinite(high) ? `${short(value)} (${short(low)} to ${short(high)})` : short(value);
}
function markdown(rows) {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map((row) => line(columns.map((name) => cellText(row[name]))))].join('\n');
}

/** What a command is called with where its products were not in float32. */
const precisionOf = ({ precision = 'float32' }) => (precision === 'float32' ? '' : `ROENTGEN_PRECISION=${precision} `);

function sectionOf(name, result) {
  const { title, paper, command, document } = SYSTEMS[name];
  const { tables, findings, notes, seconds, others = [] } = result;
  return [
    `## ${title}`,
    `${paper}; \`${precisionOf(result)}${command(result)}\`: ${seconds} s. [${document}](${document}) says how to read it.`,
    ...tables.flatMap(({ title: heading, rows, intervals }) => [`**${heading}**`, markdown(rows), ...(intervals ? [`Intervals: ${intervals}.`] : [])]),
    ...(findings.length === 0
      ? []
      : ['**Findings**', markdown(findings.map(({ finding, paper: there, here, verdict }) => ({ finding, 'the paper': there, here, verdict })))]),
    ...meansOverSeeds(SYSTEMS[name].overSeeds, result),
    ...(others.length === 0 ? [] : ['**The same findings, trained and measured with other seeds**', markdown(bySeed(result))]),
    ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
  ].join('\n\n');
}

/** What became of each finding with each seed. */
const bySeed = ({ seed, findings, others }) =>
  findings.map(({ finding }) => ({
    finding,
    ...Object.fromEntries(
      [{ seed, findings }, ...others].map((one) => {
        const same = one.findings.find((other) => other.finding === finding);
        return [`seed ${one.seed}`, same && `${same.verdict}: ${same.here}`];
      }),
    ),
  }));

/** Student's t of 95% for so many degrees of freedom and one; of two trainings the interval would be wider than the scale. */
const T = { 3: 4.303, 4: 3.182, 5: 2.776 };

/** The mean over trainings with Student's interval, and what each gave. */
function meanOf(values, digits) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const each = `(${values.map((value) => value.toFixed(digits)).join(', ')})`;
  if (!T[values.length]) return `${mean.toFixed(digits)} ${each}`;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
  const half = (T[values.length] * deviation) / Math.sqrt(values.length);
  return `${mean.toFixed(digits)} ± ${half.toFixed(digits)} ${each}`;
}

/** Tables of what all seeds gave. */
function meansOverSeeds(chosen = [], { tables, seed, others = [] }) {
  const runs = [{ seed, tables }, ...others.filter((one) => one.tables)];
  if (runs.length < 2) return [];
  return chosen.flatMap(({ table, rows: names, columns }) => {
    const [{ title, rows }, ...same] = runs.map((run) => run.tables.find((one) => table.test(one.title)));
    const valuesOf = (first, column) =>
      [first, ...same.map((other) => other.rows.find((one) => names.every((name) => one[name] === first[name])))].map((one) => one?.[column]?.value ?? one?.[column]);
    const isKnown = (values) => values.every((value) => typeof value === 'number');
    // Fractions of one have three digits, hundredths and counts one.
    const digitsOf = (column) => (rows.flatMap((first) => valuesOf(first, column)).every((value) => typeof value !== 'number' || Math.abs(value) <= 1) ? 3 : 1);
    const means = rows.map((first) => ({
      ...Object.fromEntries(names.map((name) => [name, first[name]])),
      ...Object.fromEntries(columns.filter((column) => isKnown(valuesOf(first, column))).map((column) => [column, meanOf(valuesOf(first, column), digitsOf(column))])),
    }));
    const interval = T[runs.length] ? ", ± half of Student's interval of 95%" : '';
    return [`**${title}: means over seeds ${runs.map((run) => run.seed).join(', ')}${interval} (each seed)**`, markdown(means)];
  });
}

/** The section between its marks; the marks alone where nothing was measured. */
export function systemsSection() {
  const kept = existsSync(keptFile) ? JSON.parse(readFileSync(keptFile, 'utf8')) : {};
  const sections = Object.keys(SYSTEMS).flatMap((name) => (kept[name] ? [sectionOf(name, kept[name])] : []));
  return ['<!-- systems: made by node bench/reproduction/systems.mjs -->', ...sections, '<!-- /systems -->'].join('\n\n');
}

if (argv[1] !== undefined && resolve(argv[1]) === fileURLToPath(import.meta.url)) {
  const kept = existsSync(keptFile) ? JSON.parse(readFileSync(keptFile, 'utf8')) : {};
  for (const pair of argv.slice(2)) {
    const [, name, adds, folders] = /^([\w-]+)(\+?)=(.*)$/.exec(pair) ?? [];
    if (!SYSTEMS[name] || !folders) throw new Error(`expected NAME=FOLDER with a name of ${Object.keys(SYSTEMS).join(', ')}, got ${pair}`);
    const { file = 'result.json', read = (result) => result } = SYSTEMS[name];
    const results = folders.split(',').map((folder) => shortened(read(JSON.parse(readFileSync(join(resolve(folder), file), 'utf8')))));
    const [first, ...others] = adds ? [kept[name], ...(kept[name].others ?? []), ...results] : results;
    const briefly = ({ seed, findings, seconds, tables }) => ({ seed, findings, seconds, ...(SYSTEMS[name].overSeeds && { tables }) });
    kept[name] = { ...first, ...(others.length > 0 && { others: others.map(briefly) }) };
  }
  if (argv.length > 2) writeFileSync(keptFile, `${JSON.stringify(kept, null, 2)}\n`);
  const text = readFileSync(page, 'utf8');
  const marked = /<!-- systems: [\s\S]*<!-- \/systems -->/;
  writeFileSync(page, marked.test(text) ? text.replace(marked, () => systemsSection()) : `${text.trimEnd()}\n\n${systemsSection()}\n`);
}
