// How long the exact search for similar cases takes (`similarCases`, SEI), beside an approximate index.
// Usage: node bench/retrieval/search.mjs [--count 300000] [--width 128] [--queries 256] [--index FOLDER]
// Invented unit vectors of as many images as MIMIC-CXR has, in clusters, as images with the same findings are. `--index` is a folder in which `npm install --ignore-scripts usearch` has put
// the package: its HNSW index is then built of the same vectors, and its time, its own set-up with it, and how many of the exact 20 it finds are printed.
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { key, normal, startEngine } = require('roentgen-lab/engine');
const { similarCases } = require('roentgen-lab/systems');
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300000' },
    width: { type: 'string', default: '128' },
    queries: { type: 'string', default: '256' },
    index: { type: 'string' },
  },
});
const [count, width, queries] = [values.count, values.width, values.queries].map(Number);
const [CASES, CLUSTERS] = [20, 500];

await startEngine();
const drawn = (seed, n) => {
  const tensor = normal(key(seed), [n, width]);
  const data = tensor.dataSync();
  tensor.dispose();
  return data;
};
const centres = drawn(1, CLUSTERS);
/** Vectors, each a centre with noise of the same length. */
function vectors(seed, n, study) {
  const all = drawn(seed, n);
  for (let i = 0; i < n; i++) for (let k = 0; k < width; k++) all[i * width + k] += centres[((i * 7919) % CLUSTERS) * width + k];
  return { values: all, width, studies: Array.from({ length: n }, (_, i) => `${study}${i}`) };
}
const history = vectors(2, count, 'h');
const asked = vectors(3, queries, 'q');

const seconds = (since) => (performance.now() - since) / 1000;
const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
async function timed(what, run) {
  const [wall, own] = [performance.now(), processor()];
  const result = await run();
  console.log(`${what}: ${seconds(wall).toFixed(1)} s, ${(processor() - own).toFixed(1)} s of processor time`);
  return result;
}

console.log(`${count} vectors of ${width}, ${queries} queries, ${CASES} cases each; ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}`);
similarCases({ ...history, values: history.values.subarray(0, 100 * width), studies: history.studies.slice(0, 100) }, asked, CASES); // the engine's start
const exact = await timed('exact search', () => similarCases(history, asked, CASES));
console.log(`peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB, of which the vectors are ${((history.values.byteLength / 2 ** 20) | 0)} MiB`);

if (values.index !== undefined) {
  const { Index, MetricKind } = createRequire(join(resolve(values.index), 'package.json'))('usearch');
  const index = new Index({ metric: MetricKind.Cos, dimensions: width, connectivity: 16 });
  await timed('index built', () => index.add(BigUint64Array.from({ length: count }, (_, i) => BigInt(i)), history.values));
  const found = await timed('index searched', () => index.search(asked.values, CASES, 0));
  const keys = Array.from({ length: queries }, (_, q) => new Set(Array.from(found.keys.subarray(q * CASES, (q + 1) * CASES), Number)));
  const hits = exact.reduce((sum, cases, q) => sum + cases.filter(({ row }) => keys[q].has(row)).length, 0);
  console.log(`the index finds ${((100 * hits) / (queries * CASES)).toFixed(1)}% of the exact cases`);
}
