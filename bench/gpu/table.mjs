// results.jsonl of a run as a table: node table.mjs RESULTS.jsonl > results.md. Of what was cut off it holds what was measured.
import { readFileSync } from 'node:fs';

const rows = readFileSync(process.argv[2], 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line));
const [about] = rows.filter(({ machine }) => machine);
const programs = rows.filter(({ name, pytorch }) => name && !pytorch);

/** The largest difference from float32's first values on the same device, over the largest of them. */
function fromFloat32({ name, first }) {
  const reference = programs.find((row) => row.name === name && row.precision === 'float32' && row.way === 'xla')?.first;
  if (!reference || !first) return undefined;
  const largest = Math.max(...reference.map(Math.abs));
  return Math.max(...reference.map((value, i) => Math.abs(value - first[i]))) / largest;
}

/** Milliseconds of PyTorch's side, and ours over it. */
function beside({ name, precision, milliseconds }, way) {
  const peer = rows.find((row) => row.name === name && row.precision === precision && row.pytorch === way);
  if (!peer) return '';
  if (peer.failed) return `failed: ${peer.failed}`;
  const { median, least } = peer.milliseconds;
  const gibibytes = peer.peakBytes ? `, ${(peer.peakBytes / 2 ** 30).toFixed(2)} GiB` : '';
  return `${median.toFixed(1)} (${least.toFixed(1)})${gibibytes}; ${(milliseconds.median / median).toFixed(2)}`;
}

const exponent = (value) => (value === undefined ? '' : value.toExponential(1));
const cells = (row) => {
  const { title, precision, way, failed, images, compileSeconds, milliseconds, peakBytes, difference, right } = row;
  if (failed) return [title, precision, `failed: ${failed}`, '', '', '', '', '', '', ''];
  return [
    title,
    way === 'deterministic' ? `${precision}, deterministic${row.sameBytes ? ': the same bytes twice' : ''}` : precision,
    `${milliseconds.median.toFixed(1)} (${milliseconds.least.toFixed(1)})`,
    ((1000 * images) / milliseconds.median).toFixed(1),
    (peakBytes / 2 ** 30).toFixed(2),
    compileSeconds.toFixed(1),
    `${exponent(difference)}${right ? '' : ' **wrong**'}`,
    precision === 'float32' ? '' : exponent(fromFloat32(row)),
    ...(way === 'xla' ? [beside(row, 'eager'), beside(row, 'compiled')] : ['', '']),
  ];
};
const heads = ['what', 'precision', 'ms a call: median (least)', 'images a second', 'peak memory, GiB', 'compiling, s', "difference from the CPU's float32", 'from its own float32', 'PyTorch eager, ms, memory; ours over it', 'torch.compile, ms, memory; ours over it'];
const line = (values) => `| ${values.join(' | ')} |`;
const device = programs.find(({ device }) => device);
const versions = Object.entries(rows.find(({ versions }) => versions)?.versions ?? {}).map(([name, version]) => `${name} ${version}`);
process.stdout.write(`# Compiled steps on ${device?.device ?? 'no device'}

${about?.machine ?? ''}; plugin: ${about?.plugin ?? ''}, PJRT ${device?.interface ?? '?'}, ${device?.platform?.split('\n')[0] ?? ''}. Random weights. Differences are of the output's first values, relative to the largest; of training steps they are loss and gradient's norm of the first two.${versions.length > 0 ? ` Beside it ${versions.join(', ')}, channels last, the fused AdamW.` : ''}

${line(heads)}
${line(heads.map(() => '---'))}
${programs.map((row) => line(cells(row))).join('\n')}
`);
