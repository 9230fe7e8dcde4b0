// The speed table as text. As a program it writes what bench/results.json and bench/growth.json hold between the markers of bench/README.md.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { growthFile, resultsFile } from './results.mjs';

const README = fileURLToPath(new URL('../README.md', import.meta.url));

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

/** What is behind its target. */
const behind = ({ rows }) =>
  rows.filter(({ ratio, target, ours, targetOurs }) => (ratio !== null && target !== null && ratio > target) || (targetOurs && ours > targetOurs)).map(({ name }) => name);

/** Lines of text, not longer than those of the documents. */
const wrapped = (text) => text.match(/.{1,160}(?:\s|$)/g).map((line) => line.trim());

function speedSection(results) {
  const missed = behind(results);
  return [...wrapped(origin(results).join(' ')), '', ...tableLines(results.rows), '', ...wrapped(missed.length > 0 ? `Behind: ${missed.join('; ')}.` : 'All targets are met.')];
}

const exponent = ({ exponent: value, interval }) => `${value.toFixed(2)} ± ${interval.toFixed(2)}`;

function growthSection({ axes, date }) {
  const rows = Object.entries(axes).map(([name, { exponents: { ours, pytorch } }]) =>
    [`[${name}](growth/${name}.svg)`, exponent(ours.ms), exponent(pytorch.ms), exponent(ours.MiB), exponent(pytorch.MiB)].join(' | '),
  );
  return [
    `Exponents, with their 95 % intervals, as measured on ${date}:`,
    '',
    "| with | time, ours | time, PyTorch's | memory, ours | memory, PyTorch's |",
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ];
}

/** Puts lines between `<!-- NAME: … -->` and `<!-- /NAME -->`. */
function between(text, name, lines) {
  const parts = new RegExp(`^([^]*<!-- ${name}: [^>]*-->)[^]*(<!-- /${name} -->[^]*)$`).exec(text);
  if (!parts) throw new Error(`bench/README.md: there are no markers named ${name}`);
  return `${parts[1]}\n\n${lines.join('\n')}\n\n${parts[2]}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sections = { speed: [resultsFile, speedSection], growth: [growthFile, growthSection] };
  let text = readFileSync(README, 'utf8');
  for (const [name, [file, section]] of Object.entries(sections)) {
    if (existsSync(file)) text = between(text, name, section(JSON.parse(readFileSync(file, 'utf8'))));
    else process.stderr.write(`${file} is not there; its table stays as it is\n`);
  }
  writeFileSync(README, text);
}
