/** Means over the processes of a cluster, inside compiled functions. */

import * as tf from '@tensorflow/tfjs-core';
import { type Cluster, type ClusterOptions, cluster, enterCluster } from './cluster';
import { openSession } from './open-session';
import type { Session } from './session';
import { attribute, rawOp } from './tensorflow';
import { record } from './trace';
import { flatten, type Tree, unflatten } from './tree';
import { xlaDevice } from './xla-device';

/** Values that go through one reduction together: few enough that the first leave while the last are computed, many enough that each is worth its way. */
const BUCKET = 500_000;

/** TensorFlow's number of float32. */
const FLOAT = 1;
/** One group of all processes. */
const GROUP = 1;
/** Reductions of this process so far: all processes record the same ones in the same order, and know each other's by these numbers. */
let instances = 0;

const whole = (value: number): tf.Scalar => tf.scalar(value, 'int32');

/** The mean over all processes of as many values; the same bytes in each. */
function reduced(values: tf.Tensor, { addresses }: Cluster, timeoutSeconds: number): tf.Tensor {
  return rawOp(
    'CollectiveReduceV2',
    [
      attribute.type('T', 'float32'),
      attribute.string('merge_op', 'Add'),
      attribute.string('final_op', 'Div'),
      attribute.string('communication_hint', 'auto'),
      attribute.float('timeout_seconds', timeoutSeconds),
      attribute.bool('is_stateless', false),
      attribute.int('Nordering_token', 0),
      attribute.int('max_subdivs_per_device', -1),
    ],
    [values, whole(addresses.length), whole(GROUP), whole(++instances)],
  );
}

/**
 * Each leaf's mean over the processes of the cluster, or the tree itself where there is none. Use it in compiled functions, which all processes call alike.
 *
 * @param tree float32
 * @returns    the same shapes, the same bytes in each process; in a memory scope
 */
export function meanOverWorkers<T extends Tree>(tree: T): T {
  const all = cluster();
  if (!all) return tree;
  const leaves = Object.entries(flatten(tree));
  const out: Record<string, tf.Tensor> = {};
  for (let from = 0; from < leaves.length; ) {
    let [to, values] = [from, 0];
    while (to < leaves.length && (to === from || values + leaves[to]![1].size <= BUCKET)) values += leaves[to++]![1].size;
    const bucket = leaves.slice(from, to);
    const flat = reduced(
      tf.concat(
        bucket.map(([, leaf]) => tf.reshape(leaf, [leaf.size])),
        0,
      ),
      all,
      all.timeoutSeconds,
    );
    let at = 0;
    for (const [path, leaf] of bucket) {
      out[path] = tf.reshape(tf.slice(flat, [at], [leaf.size]), leaf.shape);
      at += leaf.size;
    }
    from = to;
  }
  return unflatten<T>(out);
}

/** A reduction of so many numbers by itself. */
const numbersSession = (count: number, all: Cluster, timeoutSeconds: number = all.timeoutSeconds): Session =>
  openSession(record([], [{ dtype: FLOAT, shape: [count] }], (_, [x]) => ({ outputs: [reduced(x!, all, timeoutSeconds)], nextState: [] })));

/** One reduction of some numbers, now. */
function meanNow(values: readonly number[], timeoutSeconds?: number): Float32Array {
  const all = cluster();
  if (!all) return Float32Array.from(values);
  const mine = tf.tensor1d([...values]);
  const session = numbersSession(values.length, all, timeoutSeconds);
  try {
    const [mean] = session.run([mine]);
    const read = Float32Array.from(mean!.dataSync() as Float32Array);
    mean!.dispose();
    return read;
  } finally {
    mine.dispose();
    session.close();
  }
}

/** Waits for all processes of the cluster. @throws Error where one has ended, or does not come in time */
export function meet(timeoutSeconds?: number): void {
  meanNow([0], timeoutSeconds);
}

/** What a reduction's last answers take to leave a process that has all it wanted, ms. */
const LEAVES = 250;

/**
 * Waits for all processes of the cluster a last time: after it this one may end. Without it, an end right behind a reduction can break that of the others, who may
 * be fetching their part of it still.
 *
 * @throws Error where one has ended, or does not come in time
 */
export async function lastMeeting(): Promise<void> {
  if (!cluster()) return;
  meet(); // whose own answers are small
  await new Promise((resolve) => setTimeout(resolve, LEAVES));
}

/** What is prepared may take long; a process that has ended is heard of at once in any case. */
const PREPARED_WITHIN = 24 * 3600;

/** Work whose result is kept on disk: the leader does it first, and the others then find it there, where they see the same disk. */
export async function leaderFirst<T>(work: () => Promise<T>): Promise<T> {
  const all = cluster();
  if (!all) return await work();
  if (all.rank !== 0) meet(PREPARED_WITHIN);
  const done = await work();
  if (all.rank === 0) meet(PREPARED_WITHIN);
  return done;
}

/** Digits are small enough that a difference of 1 in one of many processes is seen in float32. */
const [DIGITS, BASE] = [5, 64] as const;

/** Whether all processes have the same whole numbers, from 0 to 2^30; the same answer in each. */
export function agree(values: readonly number[]): boolean {
  const digits = values.flatMap((value) => Array.from({ length: DIGITS }, (_, i) => Math.floor(value / BASE ** i) % BASE));
  const means = meanNow(digits.flatMap((digit) => [digit, digit * digit]));
  return digits.every((_, i) => means[2 * i + 1]! - means[2 * i]! ** 2 < 0.005); // their variance
}

/**
 * Joins a cluster of processes that compute together (`meanOverWorkers`): each gives its rank and the same addresses. From then on a process that ends
 * ends the others' next reduction with an error.
 *
 * @throws RangeError where an option can't be worked with; Error where this process is in a cluster already, its port is taken, or another does not come in time
 */
export async function joinCluster(options: ClusterOptions): Promise<void> {
  if (xlaDevice()) throw new Error('cluster: several processes compute on processors alone; start the engine without the GPU');
  const { rank, addresses } = options;
  await enterCluster(options, {
    start: (all) => numbersSession(1, all).close(), // the first session starts the server
    meet() {
      const seen = meanNow(addresses.map((_, i) => Number(i === rank)));
      // Two processes of one rank would have counted twice in one place, and not at all in another.
      if (!seen.every((share) => Math.abs(share * addresses.length - 1) < 0.01))
        throw new Error('cluster: two processes have the same rank; give each its own');
    },
  });
}
