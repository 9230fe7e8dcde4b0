// Times of the engine's operations against their plain compositions in tfjs, forward and forward with gradients, each compiled as in training.
// node bench/ops.mjs [--backend tensorflow|wasm] [--repeats 15] [--only NAME] [--json]
// Runs are interleaved; figures are the smallest (and the median) in milliseconds; a ratio below 1 means that the engine's form is faster.
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { compile, dispose, key, normal, randomInts, scope, startEngine, valueAndGrad } from 'roentgen-lab/engine';
import { plain } from '#engine/internal';
import * as engine from 'roentgen-lab/engine';

const { values: options } = parseArgs({
  options: {
    backend: { type: 'string' },
    repeats: { type: 'string', default: '15' },
    only: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const repeats = Number(options.repeats);
if (!(Number.isInteger(repeats) && repeats > 0)) throw new RangeError(`--repeats: expected a whole number above 0, got ${options.repeats}`);
const info = await startEngine(options.backend ? { backend: options.backend } : {});

const image = (batch, size, channels) => [batch, size, size, channels];
const conv = (x, out, stride = 1, kernel = 3) => ({
  name: `conv2d ${kernel}x${kernel}${stride > 1 ? ` stride ${stride}` : ''} [${x}] to ${out}`,
  shapes: [x, [kernel, kernel, x[3], out], [out]],
  run: (ops, [x, weight, bias]) => ops.conv2d(x, weight, bias, { stride, padding: kernel >> 1 }),
});
const norm = (x, groups, silu) => ({
  name: `groupNorm${silu ? ' + silu' : ''} [${x}]`,
  shapes: [x, [x.at(-1)], [x.at(-1)]],
  run: (ops, [x, weight, bias]) => ops.groupNorm(x, weight, bias, { groups, eps: 1e-5, silu }),
});
const attend = (batch, queries, keys, width, heads) => ({
  name: `attention [${batch},${queries},${width}] to ${keys}, ${heads} heads`,
  shapes: [
    [batch, queries, width],
    [batch, keys, width],
    [batch, keys, width],
  ],
  run: (ops, [q, k, v]) => ops.attention(q, k, v, { heads }),
});
const elementwise = (name, shape) => ({ name: `${name} [${shape}]`, shapes: [shape], run: (ops, [x]) => ops[name](x) });
const linear = (x, out) => ({
  name: `linear [${x}] to ${out}`,
  shapes: [x, [x.at(-1), out], [out]],
  run: (ops, [x, weight, bias]) => ops.linear(x, weight, bias),
});
const ids = randomInts(key(9), 32 * 64, 0, 2048);

const cases = [
  conv(image(32, 16, 32), 32),
  conv(image(32, 8, 64), 64),
  conv(image(32, 4, 128), 128),
  conv(image(8, 64, 16), 16),
  conv(image(8, 16, 64), 64),
  conv(image(32, 16, 32), 32, 2),
  conv(image(32, 16, 64), 32, 1, 1),
  linear([32, 64, 64], 256),
  norm(image(32, 16, 32), 8, true),
  norm(image(32, 8, 64), 16, true),
  norm(image(32, 4, 128), 32, true),
  norm(image(8, 64, 16), 4, true),
  norm(image(8, 16, 64), 16, false),
  norm(image(4, 64, 128), 32, true),
  { name: 'layerNorm [32,64,64]', shapes: [[32, 64, 64], [64], [64]], run: (ops, [x, w, b]) => ops.layerNorm(x, w, b, 1e-5) },
  elementwise('silu', image(32, 16, 32)),
  elementwise('gelu', [32, 64, 256]),
  elementwise('quickGelu', [32, 64, 256]),
  elementwise('geluTanh', [32, 64, 256]),
  elementwise('geglu', [32, 64, 512]),
  attend(32, 64, 64, 64, 4),
  attend(32, 64, 77, 64, 4),
  attend(32, 16, 16, 128, 4),
  attend(8, 256, 256, 64, 1),
  {
    name: 'embedding [32,64] of [2048,64]',
    shapes: [[2048, 64]],
    run: (ops, [table]) => tf.tidy(() => ops.embedding(tf.tensor2d(ids, [32, 64], 'int32'), table)),
  },
  elementwise('upsampleNearest2x', image(32, 8, 64)),
  { name: 'addChannelBias [32,16,16,32]', shapes: [image(32, 16, 32), [32, 32]], run: (ops, [x, bias]) => ops.addChannelBias(x, bias) },
];

/** Interleaved times of functions without arguments: smallest and median, or undefined where one can't run on this backend. */
function race(functions) {
  const times = functions.map(() => []);
  const works = functions.map((fn) => {
    try {
      for (let i = 0; i < 2; i++) dispose(fn()); // the first call records the graph
      return true;
    } catch (error) {
      if (!/not registered|not implemented/.test(String(error))) throw error;
      return false;
    }
  });
  for (let i = 0; i < repeats; i++)
    functions.forEach((fn, j) => {
      if (!works[j]) return;
      const start = performance.now();
      const result = fn();
      times[j].push(performance.now() - start);
      dispose(result);
    });
  return times.map((list, j) => {
    if (!works[j]) return undefined;
    list.sort((a, b) => a - b);
    return { min: list[0], median: list[list.length >> 1] };
  });
}

const rows = [];
const show = (time) => (time ? `${time.min.toFixed(2)} (${time.median.toFixed(2)})` : 'no gradient').padStart(16);
const ratio = (ours, theirs) => (ours && theirs ? `${(ours.min / theirs.min).toFixed(2)} (${(ours.median / theirs.median).toFixed(2)})` : '').padStart(13);
if (!options.json) {
  console.log(`${info.library}, ${info.device}, ${info.threads} threads; ms, smallest (median) of ${repeats}`);
  console.log(`${'operation'.padEnd(40)}${'forward'.padStart(16)}${'plain'.padStart(16)}${'ratio'.padStart(13)}${'and gradient'.padStart(16)}${'plain'.padStart(16)}${'ratio'.padStart(13)}`);
}
for (const { name, shapes, run } of cases) {
  if (options.only && !name.startsWith(options.only)) continue;
  const inputs = shapes.map((shape, i) => normal(key(10 + i), shape));
  const sample = run(plain, inputs);
  const weights = normal(key(5), sample.shape);
  sample.dispose();
  const loss = (ops) => (inputs) => scope(() => tf.sum(tf.mul(run(ops, inputs), weights)));
  const forward = [engine, plain].map((ops) => compile((inputs) => run(ops, inputs)));
  const both = [engine, plain].map((ops) => compile((inputs) => valueAndGrad(loss(ops))(inputs)));
  const [ours, theirs] = race(forward.map((fn) => () => fn(inputs)));
  const [oursBoth, theirsBoth] = race(both.map((fn) => () => fn(inputs)));
  for (const fn of [...forward, ...both]) fn.dispose();
  dispose([inputs, weights]);
  rows.push({ name, forward: ours, plainForward: theirs, both: oursBoth, plainBoth: theirsBoth });
  if (!options.json)
    console.log(name.padEnd(40) + show(ours) + show(theirs) + ratio(ours, theirs) + show(oursBoth) + show(theirsBoth) + ratio(oursBoth, theirsBoth));
}
if (options.json) console.log(JSON.stringify({ engine: info.library, device: info.device, threads: info.threads, repeats, rows }, null, 2));
