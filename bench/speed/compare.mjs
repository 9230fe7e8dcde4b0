// Both sides of a row, which take turns on a quiet machine.

import { quiet } from './quiet.mjs';
import { ourSide, pytorchSide, Worker, writeWork } from './worker.mjs';

/** Outputs may differ by this fraction of the largest value; more is no comparison of the same work. */
const AGREE = { fp32: 1e-3, bf16: 5e-2 };

const least = (values) => Math.min(...values);
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Largest difference of two outputs, as a fraction of the largest value. */
const difference = (a, b) => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / Math.max(...b.map(Math.abs));

/** Largest difference after the first call and after the second. */
function disagreement(a, b) {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const half = a.length / 2;
  return Math.max(difference(a.slice(0, half), b.slice(0, half)), difference(a.slice(half), b.slice(half)));
}

/** One side over all its processes. */
class Side {
  times = [];
  peaks = [];
  firsts = [];

  constructor(side) {
    Object.assign(this, side);
  }

  take({ times, beginning }, peak) {
    this.times.push(...times);
    this.peaks.push(peak);
    this.firsts.push(beginning.first);
    this.beginning ??= beginning;
  }
}

/** Processes that live side by side and take turns. A reference that does not start is left out. */
async function together(sides, { rounds, calls, hush, say, fail }) {
  const workers = [];
  try {
    for (const side of sides) {
      await hush();
      const worker = new Worker(side);
      workers.push(worker);
      try {
        await worker.start();
      } catch (error) {
        workers.pop();
        fail(side, error);
      }
    }
    for (let round = 1; round <= rounds; round++) {
      for (const worker of workers) {
        await hush();
        await worker.round(calls);
      }
      say(`round ${round} of ${rounds}`);
    }
    for (const worker of workers) sides.find(({ label }) => label === worker.label).take(worker, await worker.end());
  } finally {
    for (const worker of workers) worker.kill();
  }
}

/** One process after the other, as often as there are rounds. */
async function inTurn(sides, { rounds, calls, hush, say, fail }) {
  const out = new Set();
  for (let round = 1; round <= rounds; round++) {
    for (const side of sides.filter((one) => !out.has(one))) {
      await hush();
      const worker = new Worker(side);
      try {
        await worker.start();
        await worker.round(calls);
        side.take(worker, await worker.end());
      } catch (error) {
        out.add(side);
        fail(side, error);
      } finally {
        await worker.kill();
      }
      say(`round ${round} of ${rounds}, ${side.label}`);
    }
  }
}

/**
 * @param patience seconds to wait for a quiet machine before each turn
 * @returns the row's entries of results.json: time of a call, peak memory, time of the first call
 * @throws Error where ours fails; where the references do, the entries have no reference, and say why
 */
export async function compare(row, work, { python, folder, patience, say }) {
  const { precision, rounds, variants, alone = false, against } = row;
  writeWork(work.kind, folder, await work.settings());
  const references = against ? [{ ...ourSide(against, folder), label: 'in memory' }] : variants.map((variant) => pytorchSide(python, work.kind, folder, variant));
  const [ours, ...others] = [ourSide(work.kind, folder, precision), ...references].map((side) => new Side(side));
  let [waits, loud] = [0, 0];
  const failures = [];
  await (alone ? inTurn : together)([ours, ...others], {
    rounds,
    calls: work.calls,
    say,
    async hush() {
      waits += 1;
      if (!(await quiet(patience))) loud += 1;
    },
    fail(side, error) {
      if (side === ours) throw error;
      failures.push(error.message);
    },
  });
  const done = others.filter(({ times }) => times.length > 0);
  if (done.length === 0) return entriesOf(row, work, ours, undefined, { loud: loud / waits, error: `no reference: ${failures[0]}` });
  const quickest = done.reduce((best, one) => (least(one.times) < least(best.times) ? one : best));
  const apart = disagreement(ours.beginning.output, quickest.beginning.output);
  const theirs = {
    times: quickest.times,
    label: quickest.label,
    versions: quickest.beginning.versions,
    peak: least(done.map(({ peaks }) => Math.max(...peaks))),
    first: least(done.flatMap(({ firsts }) => firsts)),
  };
  const error = apart <= AGREE[precision] ? {} : { error: `outputs differ by ${apart.toPrecision(2)}` };
  return entriesOf(row, work, ours, theirs, { loud: loud / waits, disagreement: apart, ...error });
}

/** @param theirs the best of the references; undefined where there is none */
function entriesOf({ work, precision, targets, against = 'PyTorch' }, { title }, ours, theirs, more) {
  const common = {
    work,
    precision,
    against,
    variant: theirs?.label ?? null,
    threads: ours.beginning.threads,
    versions: { ...ours.beginning.versions, ...theirs?.versions },
    ...more,
  };
  const entry = (name, unit, own, reference, target, medians = {}) => ({
    name: precision === 'fp32' ? name : `${name}, ${precision}`,
    ours: own,
    reference,
    unit,
    ratio: reference === null ? null : own / reference,
    target: target ?? null,
    ...medians,
    ...common,
  });
  return [
    entry(title, 'ms', least(ours.times), theirs ? least(theirs.times) : null, targets.time, {
      oursMedian: median(ours.times),
      referenceMedian: theirs ? median(theirs.times) : null,
    }),
    entry(`${title}: peak memory`, 'MiB', Math.max(...ours.peaks), theirs?.peak ?? null, targets.peak),
    entry(`${title}: first call`, 'ms', least(ours.firsts), theirs?.first ?? null, targets.first),
  ];
}
