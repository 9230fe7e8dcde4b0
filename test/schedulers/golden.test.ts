/** Every scheduler against trajectories of diffusers, kept in golden/schedulers.json, so that a clone alone can tell; schedulers.py beside it made them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { createScheduler, type SchedulerConfig, type StepOptions, schedulerNames } from 'roentgen-lab/schedulers';
import { assertClose, noLeaks, root } from '../support';

interface Case {
  readonly class: string;
  readonly config: SchedulerConfig;
  readonly step?: StepOptions;
  readonly expected: {
    readonly timesteps: readonly number[];
    readonly init_noise_sigma: number;
    readonly draws: readonly boolean[];
    /** After each call. */
    readonly latents: readonly (readonly number[])[];
  };
}

const golden = JSON.parse(readFileSync(join(root, 'test', 'golden', 'schedulers.json'), 'utf8')) as {
  readonly base: SchedulerConfig;
  readonly steps: number;
  readonly start: readonly number[];
  readonly noise: readonly (readonly number[])[];
  readonly cases: readonly Case[];
};

/** The fake network of the generator. */
function fakeModel(input: tf.Tensor, t: number): tf.Tensor {
  return tf.tensor2d(
    Float32Array.from(input.dataSync(), (value) => 0.9 * Math.sin(1.3 * value + t / 1000)),
    [1, input.size],
  );
}

/** Methods of this library alone, for which there are no such values. */
const notInDiffusers: readonly string[] = [];

test('every scheduler has golden values, or is none of diffusers', () => {
  const named = new Set([...golden.cases.map((one) => one.class), ...notInDiffusers]);
  assert.deepEqual([...named].sort(), Object.keys(schedulerNames).sort());
});

for (const { class: className, config, step, expected } of golden.cases)
  test(
    `${className} ${JSON.stringify(config)} walks as diffusers does`,
    noLeaks(() => {
      const scheduler = createScheduler({ ...golden.base, ...config, _class_name: className }, { steps: golden.steps });
      assertClose(scheduler.timesteps, expected.timesteps, 1e-6, 'timesteps');
      assertClose([scheduler.initNoiseSigma], [expected.init_noise_sigma], 1e-5, 'initNoiseSigma');
      tf.tidy(() => {
        let state = scheduler.start();
        let x: tf.Tensor = tf.tensor2d([golden.start.map((value) => value * scheduler.initNoiseSigma)]);
        for (const [call, t] of scheduler.timesteps.entries()) {
          const output = fakeModel(scheduler.scaleInput(state, x), t);
          const noise = expected.draws[call] ? { noise: tf.tensor2d([golden.noise[call]!.slice()]) } : {};
          ({ x, state } = scheduler.step(state, x, output, t, { ...step, ...noise }));
          assertClose(x.dataSync(), expected.latents[call]!, 2e-5, `latents after call ${call}`); // float32, 24 calls at most
        }
      });
    }),
  );
