// The speed table as text. As a program it writes the table of bench/results.json between the markers of bench/README.md.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readResults } from './results.mjs';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
const [BEGIN, END] = ['<!-- speed: made by node bench/speed/table.mjs -->', '<!-- /speed -->'];

const digits = (value) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const figure = (value, unit) => (value === null ? '–' : `${digits(value)} ${unit}`);
const withMedian = (value, median, unit) => (median === undefined || median === null ? figure(value, unit) : `${figure(value, unit)} (${digits(median)})`);

function ratioOf({ ratio, target, error, ours, targetOurs }) {
  if (error) return error;
  if (ratio === null) return ours <= targetOurs ? 'met' : 'behind';
  const text = ratio.toFixed(2);
  return target !== null && ratio > target ? `**${text}**` : text;
}

const targetOf = ({ target, targetOurs, unit }) => (targetOurs ? `≤ ${targetOurs} ${unit}` : target === null ? '' : `≤ ${target}`);

/** A Markdown table of rows of results.json. */
export function tableLines(rows) {
  const lines = rows.map((row) =>
    [
      row.name,
      withMedian(row.ours, row.oursMedian, row.unit),
      withMedian(row.reference, row.referenceMedian, row.unit),
      ratioOf(row),
      targetOf(row),
    ].join(' | '),
  );
  return ['| work | ours | reference | ratio | target |', '|---|---|---|---|---|', ...lines.map((line) => `| ${line} |`)];
}

/** Where the figures are from, in words. */
function origin({ machine, date, rows }) {
  const { processor, instructions, cores, memoryGiB, system } = machine;
  const versions = Object.assign({}, ...rows.map((row) => row.versions ?? {}));
  const named = Object.entries(versions).map(([name, version]) => (name === 'engine' ? version : `${name} ${version}`));
  const loud = rows.filter((row) => row.loud > 0).map(({ work }) => work);
  return [
    `Measured on ${date}: ${processor} (${instructions.join(', ') || 'instructions not known'}), ${cores} cores, ${memoryGiB} GiB, ${system}; ${named.join(', ')}.`,
    'Least time of all calls, and their median in brackets; a ratio in bold is behind its target.',
    ...(loud.length > 0 ? [`Turns of these rows began while the machine was not quiet: ${[...new Set(loud)].join(', ')}.`] : []),
  ];
}

/** The rows of works that are behind a target. */
const behind = ({ rows }) => rows.filter(({ ratio, target, ours, targetOurs }) => (ratio !== null && target !== null && ratio > target) || (targetOurs && ours > targetOurs));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const results = readResults();
  if (!results) {
    process.stderr.write('bench/results.json is not there: run bench/speed/run.mjs first\n');
    process.exit(2);
  }
  const missed = behind(results).map(({ name, ratio, target, ours, targetOurs, unit }) => `- ${name}: ${ratio === null ? `${digits(ours)} ${unit}` : ratio.toFixed(2)}, target ${targetOurs ?? target}`);
  const text = [BEGIN, '', ...origin(results).join(' ').match(/.{1,150}(?:\s|$)/g).map((line) => line.trim()), '', ...tableLines(results.rows), '', missed.length > 0 ? 'Behind their targets:' : 'All targets are met.', ...(missed.length > 0 ? ['', ...missed] : []), '', END];
  const readme = readFileSync(README, 'utf8');
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`bench/README.md has no markers ${BEGIN} and ${END}`);
  writeFileSync(README, readme.slice(0, from) + text.join('\n') + readme.slice(to + END.length));
}
