// Runs one program of the archive on a PJRT plugin: node replay.mjs PLUGIN PROGRAM.json [xla|deterministic]. Prints one line of JSON; needs Node and the addon beside it alone.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FIRST, TYPES, valuesOf } from './fill.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [plugin, file, way = 'xla'] = process.argv.slice(2);
const program = JSON.parse(readFileSync(file, 'utf8'));
const pjrt = createRequire(import.meta.url)(join(here, 'pjrt.node'));

const told = (what) => {
  process.stdout.write(`${JSON.stringify({ name: program.name, title: program.title, precision: program.precision, images: program.images, way, ...what })}\n`);
};

/** The largest difference over the largest value. */
function differenceFrom(expected, got) {
  let [worst, largest] = [0, 0];
  expected.forEach((value, i) => {
    const difference = Math.abs(got[i] - value);
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
    largest = Math.max(largest, Math.abs(value));
  });
  return worst / largest;
}

/** How far the processor's float32 may be, relative to the largest value: sums in another order, and factors of 10 and of 8 bits. */
const TOLERANCES = { float32: 1e-3, tf32: 1e-2, bfloat16: 5e-2 };

try {
  const cuda = /xla_cuda/.test(plugin);
  const client = pjrt.start(plugin, cuda ? { allocator: 'bfc', memory_fraction: 0.92, preallocate: false } : {});
  const began = performance.now();
  const compiled = pjrt.compile(readFileSync(join(dirname(file), program.hlo)), 'hlo', Buffer.from(way === 'deterministic' ? program.deterministic : program.options, 'base64'));
  const compileSeconds = (performance.now() - began) / 1000;
  const memory = pjrt.programMemory(compiled);
  const uploaded = () =>
    program.inputs.map((i) => {
      const one = program.arguments[i];
      return pjrt.upload(valuesOf(one), TYPES[one.dtype].pjrt, one.shape);
    });
  let args = uploaded();
  const places = program.updates.map((argument) => program.inputs.indexOf(argument));
  const run = () => {
    const [results] = pjrt.execute(compiled, [args]);
    const count = results.length - places.length;
    places.forEach((place, k) => {
      pjrt.free([args[place]]);
      args[place] = results[count + k];
    });
    const [output] = results;
    const values = new Float32Array(pjrt.download(output)).slice(0, FIRST);
    pjrt.free(results.slice(0, count));
    return values;
  };
  /** A hash of the state after three steps from the beginning. */
  const bytesOfSteps = () => {
    pjrt.free(args);
    args = uploaded();
    for (let step = 0; step < 3; step++) run();
    const hash = createHash('sha256');
    for (const place of places) hash.update(new Uint8Array(pjrt.download(args[place])));
    return hash.digest('hex');
  };
  const isTwice = way === 'deterministic' && memory.arguments < 2 ** 30;
  const same = isTwice ? { sameBytes: bytesOfSteps() === bytesOfSteps() } : {};
  if (isTwice) {
    pjrt.free(args);
    args = uploaded();
  }
  const first = [...run()];
  if (places.length > 0) first.push(...run()); // after a step, so that gradient and optimiser count
  const milliseconds = [];
  const until = performance.now() + Number(process.env.SECONDS_EACH ?? 6) * 1000;
  do {
    const start = performance.now();
    run();
    milliseconds.push(performance.now() - start);
  } while (milliseconds.length < 50 && performance.now() < until);
  milliseconds.sort((a, b) => a - b);
  let peak = memory.arguments + memory.outputs - memory.aliased + memory.temporary; // what the compiler plans
  try {
    peak = pjrt.memory().peak ?? peak;
  } catch {}
  const difference = program.expected && differenceFrom(program.expected, first);
  const right = first.every(Number.isFinite) && same.sameBytes !== false && (difference === undefined || difference <= TOLERANCES[program.precision]);
  told({
    device: client.kind,
    platform: client.version,
    interface: client.interface,
    compileSeconds,
    milliseconds: { least: milliseconds[0], median: milliseconds[milliseconds.length >> 1], calls: milliseconds.length },
    peakBytes: peak,
    temporaryBytes: memory.temporary,
    first,
    difference,
    ...same,
    right,
  });
  process.exit(right ? 0 : 1); // without waiting for the plugin's threads
} catch (error) {
  told({ failed: `${error.code ? `${error.code}: ` : ''}${error.message.split('\n')[0].slice(0, 300)}` });
  process.exit(1);
}
