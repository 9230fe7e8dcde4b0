/** A process of a cluster that trains: a small network whose loss is no mean over rows, several batches a step. Options come as JSON. */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, flatten, joinCluster, key, normal, scope, startEngine, type Tree } from 'roentgen-lab/engine';
import { type CheckpointOptions, type Optimisation, train } from 'roentgen-lab/training';

export interface TrainerOptions {
  readonly rank: number;
  readonly addresses: readonly string[];
  readonly steps: number;
  readonly accumulation: number;
  readonly seed?: number;
  readonly folder?: string;
  /** Ends the process in this step, as a kill would. */
  readonly dieAt?: number;
  /** Asks itself to stop in this step. */
  readonly stopAt?: number;
  /** The batch that holds a value which is no number. */
  readonly badBatch?: number;
}

const say = (message: object): void => void process.send!(message);
const [ROWS, WIDTH] = [6, 5];

async function work(options: TrainerOptions): Promise<void> {
  const { rank, addresses, steps, accumulation, seed = 1, folder, dieAt, stopAt, badBatch } = options;
  await startEngine({ backend: 'tensorflow' });
  if (addresses.length > 1) await joinCluster({ rank, addresses, joinSeconds: 60, timeoutSeconds: 30 });
  const optimisation: Optimisation = {
    steps,
    batch_size: ROWS,
    accumulation,
    learning_rate: { peak: 0.05, schedule: 'cosine', warmup: 2, floor: 0.1 },
    betas: [0.9, 0.99],
    epsilon: 1e-8,
    weight_decay: 0.01,
    clip_norm: 1,
    ema_decay: 0.9,
  } as Optimisation;
  const stop = new AbortController();
  const steps_: number[] = [];
  let step = 0;
  const checkpoints: CheckpointOptions | undefined =
    folder === undefined ? undefined : { folder, identity: 'one', resume: 'always', every: 2 };
  const params = { w: normal(key(seed), [WIDTH, 3]), v: normal(key(seed + 1), [3, 2]) } as Tree;
  const result = await train<Tree, Tree>({
    params,
    optimisation,
    signal: stop.signal,
    batch(index) {
      step = Math.floor(index / accumulation) + 1;
      if (step === dieAt) process.kill(process.pid, 'SIGKILL');
      if (step === stopAt) stop.abort();
      const x = normal(key(1000 + index), [ROWS, WIDTH]);
      const bad = index === badBatch ? tf.mul(x, Number.NaN) : x;
      return { x: bad, y: normal(key(5000 + index), [ROWS, 2]) };
    },
    loss: (weights, batch) =>
      scope(() => {
        const { w, v } = weights as Record<string, tf.Tensor2D>;
        const { x, y } = batch as Record<string, tf.Tensor2D>;
        const hidden = tf.tanh(tf.matMul(x!, w!));
        const centred = tf.sub(hidden, tf.mean(hidden, 0)) as tf.Tensor2D; // a row's loss follows from the other rows of its batch
        const errors = tf.sum(tf.squaredDifference(tf.matMul(centred, v!), y!));
        const loss = tf.div(errors, tf.add(1, tf.sum(tf.square(x!)))) as tf.Scalar;
        return { loss, aux: { size: tf.sum(tf.square(hidden)) as tf.Scalar } };
      }),
    onStep: (log) => void steps_.push(log.loss),
    ...(checkpoints && { checkpoints }),
  });
  const hash = createHash('sha256');
  for (const leaf of Object.values(flatten(result.params))) hash.update(Buffer.from((leaf.dataSync() as Float32Array).slice().buffer));
  const { w } = result.params as { w: tf.Tensor };
  say({
    hash: hash.digest('hex'),
    w1: Array.from(w.dataSync()),
    losses: result.log.map(({ loss }) => loss),
    logged: steps_.length,
    steps: result.log.length,
    interrupted: result.interrupted,
  });
  dispose(params, result.params, result.frozen);
}

work(JSON.parse(process.argv[2]!) as TrainerOptions).then(
  () => process.exit(0),
  (error: Error) => {
    say({ error: error.message });
    process.exit(1);
  },
);
