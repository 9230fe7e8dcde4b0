/** A process of a cluster: steps of a small training on its share of each batch. Its options come as JSON; its messages are what became of it. */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import {
  compileStep,
  flatten,
  joinCluster,
  key,
  lastMeeting,
  meanOverWorkers,
  normal,
  scope,
  startEngine,
  type Tree,
  valueAndGrad,
} from 'roentgen-lab/engine';

interface Options {
  readonly rank: number;
  readonly addresses: readonly string[];
  readonly joinSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly steps: number;
  /** Values of further parameters, which are many small tensors and large ones. */
  readonly more?: number;
  /** Told before the step of this number, after which the process waits for a word. */
  readonly pauseAt?: number;
}

const BATCH = 24;
const [INPUTS, HIDDEN, OUTPUTS] = [8, 16, 4];

const say = (message: object): void => void process.send!(message);

function initial(more: number): Tree {
  const large = Object.fromEntries(
    Array.from({ length: more > 0 ? 7 : 0 }, (_, i) => [`t${i}`, tf.fill([Math.ceil((more * (i + 1)) / 28)], 0.1 * i)]),
  );
  return {
    w1: normal(key(1), [INPUTS, HIDDEN]),
    b1: tf.zeros([HIDDEN]),
    w2: normal(key(2), [HIDDEN, OUTPUTS]),
    b2: tf.zeros([OUTPUTS]),
    ...large,
  };
}

type Batch = { x: tf.Tensor2D; y: tf.Tensor2D };

function loss(params: Tree, { x, y }: Batch): tf.Scalar {
  const { w1, b1, w2, b2, ...large } = params as Record<string, tf.Tensor>;
  const hidden = tf.tanh(tf.add(tf.matMul(x, w1 as tf.Tensor2D), b1!));
  const errors = tf.squaredDifference(tf.add(tf.matMul(hidden as tf.Tensor2D, w2 as tf.Tensor2D), b2!), y);
  const weight = tf.add(1, tf.mean(x)); // the loss is a mean over rows in each of its parts
  const cost = Object.values(large).reduce(
    (sum: tf.Tensor, leaf) => tf.add(sum, tf.mul(tf.mean(tf.square(leaf)), weight)),
    tf.mean(errors),
  );
  return cost as tf.Scalar;
}

async function work({ rank, addresses, steps, more = 0, pauseAt, ...limits }: Options): Promise<void> {
  await startEngine({ backend: 'tensorflow' });
  const workers = Math.max(1, addresses.length);
  if (workers > 1) await joinCluster({ rank, addresses, ...limits });
  say({ joined: true });
  const differentiate = valueAndGrad((params: Tree, batch: Batch) => loss(params, batch));
  const step = compileStep({ params: initial(more) } as Tree, (state: Tree, batch: Batch) =>
    scope(() => {
      const { params } = state as { params: Tree };
      const { value, grads } = differentiate(params, batch);
      const mean = meanOverWorkers({ grads, value } as Tree) as { grads: Tree; value: tf.Scalar };
      const [old, change] = [flatten(params), flatten(mean.grads)];
      const next = Object.fromEntries(Object.keys(old).map((path) => [path, tf.sub(old[path]!, tf.mul(change[path]!, 0.1))]));
      return { state: { params: next as Tree }, out: { value: mean.value } };
    }),
  );
  const losses: number[] = [];
  for (let t = 0; t < steps; t++) {
    if (t === pauseAt) {
      say({ paused: t });
      await new Promise((resolve) => process.once('message', resolve));
    }
    const each = BATCH / workers;
    const share = (width: number, seed: number): tf.Tensor2D =>
      tf.slice(normal(key(seed), [BATCH, width]), [rank * each, 0], [each, width]) as tf.Tensor2D;
    const { value } = step.run({ x: share(INPUTS, 100 + t), y: share(OUTPUTS, 900 + t) }) as { value: tf.Scalar };
    losses.push(value.dataSync()[0]!);
  }
  const { params } = step.read() as { params: Tree };
  const hash = createHash('sha256');
  for (const leaf of Object.values(flatten(params))) hash.update(Buffer.from((leaf.dataSync() as Float32Array).slice().buffer));
  const { w1 } = params as { w1: tf.Tensor };
  await lastMeeting();
  say({ hash: hash.digest('hex'), losses, w1: Array.from(w1.dataSync()) });
}

work(JSON.parse(process.argv[2]!) as Options).then(
  () => process.exit(0),
  (error: Error) => {
    say({ error: error.message });
    process.exit(1);
  },
);
