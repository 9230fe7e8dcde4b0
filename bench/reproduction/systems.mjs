#!/usr/bin/env node
// The section of docs/results.md on the systems' papers, of what their commands have left: tables, findings, seconds, seeds. What was measured is kept in systems.json.
//
//   node bench/reproduction/systems.mjs radgraph-findings=runs/radgraph-findings sei-evaluation=runs/sei-evaluation
//
// takes a folder's result.json into systems.json and writes the section anew; without arguments it writes the section alone.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const keptFile = fileURLToPath(new URL('systems.json', import.meta.url));
const page = fileURLToPath(new URL('../../docs/results.md', import.meta.url));

/** What can be taken in, in the order of the page. */
const SYSTEMS = {
  'radgraph-findings': {
    title: 'RadGraph: entities and relations of reports',
    paper: '[arXiv:2106.14463](https://arxiv.org/abs/2106.14463)',
    command: ({ recipe, seeds, doubts }) => `roentgen radgraph findings ${recipe.name} --seeds ${seeds.join(',')} --doubts ${doubts.join(',')}`,
    document: 'radgraph.md',
  },
  'sei-evaluation': {
    title: 'SEI: reports from image, indication and a similar case',
    paper: '[arXiv:2405.14905](https://arxiv.org/abs/2405.14905)',
    command: ({ recipe, seed, draws }) => `roentgen sei evaluate ${recipe.name} --seed ${seed} --draws ${draws} --radgraph runs/radgraph/model`,
    document: 'sei.md',
  },
};

/** Of a result what the page shows. */
const shortened = ({ tables, findings, notes = [], recipe, seed, seeds, doubts, draws, seconds }) => ({
  tables,
  findings,
  notes,
  recipe: { name: recipe.name },
  ...(seed !== undefined && { seed }),
  ...(seeds !== undefined && { seeds }),
  ...(doubts !== undefined && { doubts }),
  ...(draws !== undefined && { draws }),
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

function sectionOf(name, result) {
  const { title, paper, command, document } = SYSTEMS[name];
  const { tables, findings, notes, seconds } = result;
  return [
    `## ${title}`,
    `${paper}; \`${command(result)}\`: ${seconds} s. [${document}](${document}) says how to read it.`,
    ...tables.flatMap(({ title: heading, rows, intervals }) => [`**${heading}**`, markdown(rows), ...(intervals ? [`Intervals: ${intervals}.`] : [])]),
    '**Findings**',
    markdown(findings.map(({ finding, paper: there, here, verdict }) => ({ finding, 'the paper': there, here, verdict }))),
    ...(notes.length > 0 ? [notes.map((note) => `- ${note}`).join('\n')] : []),
  ].join('\n\n');
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
    const [name, folder] = pair.split('=');
    if (!SYSTEMS[name] || !folder) throw new Error(`expected NAME=FOLDER with a name of ${Object.keys(SYSTEMS).join(', ')}, got ${pair}`);
    kept[name] = shortened(JSON.parse(readFileSync(join(resolve(folder), 'result.json'), 'utf8')));
  }
  if (argv.length > 2) writeFileSync(keptFile, `${JSON.stringify(kept, null, 2)}\n`);
  const text = readFileSync(page, 'utf8');
  const marked = /<!-- systems: [\s\S]*<!-- \/systems -->/;
  writeFileSync(page, marked.test(text) ? text.replace(marked, () => systemsSection()) : `${text.trimEnd()}\n\n${systemsSection()}\n`);
}
