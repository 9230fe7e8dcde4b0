// results.jsonl of a run as a table: node table.mjs RESULTS.jsonl > results.md. Of what was cut off it holds what was measured.
import { readFileSync } from 'node:fs';

const rows = readFileSync(process.argv[2], 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line));
const [about] = rows.filter(({ machine }) => machine);
const programs = rows.filter(({ name }) => name);

/** The largest difference from float32's first values on the same device, over the largest of them. */
function fromFloat32({ name, first }) {
  const reference = programs.find((row) => row.name === name && row.precision === 'float32')?.first;
  if (!reference || !first) return undefined;
  const largest = Math.max(...reference.map(Math.abs));
  return Math.max(...reference.map((value, i) => Math.abs(value - first[i]))) / largest;
}

const exponent = (value) => (value === undefined ? '' : value.toExponential(1));
const cells = (row) => {
  const { title, precision, failed, images, compileSeconds, milliseconds, peakBytes, difference, right } = row;
  if (failed) return [title, precision, `failed: ${failed}`, '', '', '', '', ''];
  return [
    title,
    precision,
    `${milliseconds.median.toFixed(1)} (${milliseconds.least.toFixed(1)})`,
    ((1000 * images) / milliseconds.median).toFixed(1),
    (peakBytes / 2 ** 30).toFixed(2),
    compileSeconds.toFixed(1),
    `${exponent(difference)}${right ? '' : ' **wrong**'}`,
    precision === 'float32' ? '' : exponent(fromFloat32(row)),
  ];
};
const heads = ['what', 'precision', 'ms a call: median (least)', 'images a second', 'peak memory, GiB', 'compiling, s', "difference from the CPU's float32", 'from its own float32'];
const line = (values) => `| ${values.join(' | ')} |`;
const device = programs.find(({ device }) => device);
process.stdout.write(`# Compiled steps on ${device?.device ?? 'no device'}

${about?.machine ?? ''}; plugin: ${about?.plugin ?? ''}, PJRT ${device?.interface ?? '?'}, ${device?.platform?.split('\n')[0] ?? ''}. Random weights. Differences are of the output's first values, relative to the largest; of training steps they are loss and gradient's norm of the first two.

${line(heads)}
${line(heads.map(() => '---'))}
${programs.map((row) => line(cells(row))).join('\n')}
`);
