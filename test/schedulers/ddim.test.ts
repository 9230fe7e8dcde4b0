import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { key, normal } from 'roentgen-lab/engine';
import { ddimStep } from 'roentgen-lab/schedulers';
import { ddpmStep } from '#schedulers/ddpm';
import { makeSchedule } from '#schedulers/schedule';
import { assertClose, noLeaks } from '../support';

const sd = { beta_schedule: 'scaled_linear', beta_start: 0.00085, beta_end: 0.012, steps_offset: 1, set_alpha_to_one: false } as const;
const shape = [2, 4, 4, 4];

test(
  'with the true noise, one step from any t lands on the same clean image, noised less',
  noLeaks(() => {
    const schedule = makeSchedule(sd, { steps: 50 });
    tf.tidy(() => {
      const [clean, noise] = [normal(key(1), shape), normal(key(2), shape)];
      for (const t of schedule.timesteps) {
        const stepped = ddimStep(schedule, schedule.addNoise(clean, noise, t), noise, t);
        assertClose(stepped, schedule.addNoise(clean, noise, schedule.previous(t)), 1e-5); // float32, two square roots
      }
    });
  }),
);

test(
  'ε, v and x0 of the same noise make the same step',
  noLeaks(() => {
    tf.tidy(() => {
      const [clean, noise] = [normal(key(1), shape), normal(key(2), shape)];
      const t = 501;
      const step = (prediction_type: 'epsilon' | 'v_prediction' | 'sample', output: tf.Tensor): tf.Tensor => {
        const schedule = makeSchedule({ ...sd, prediction_type }, { steps: 50 });
        return ddimStep(schedule, schedule.addNoise(clean, noise, t), output, t);
      };
      const alphaBar = makeSchedule(sd, { steps: 50 }).alphasCumprod[t]!;
      const v = tf.sub(tf.mul(noise, Math.sqrt(alphaBar)), tf.mul(clean, Math.sqrt(1 - alphaBar)));
      const wanted = step('epsilon', noise);
      assertClose(step('v_prediction', v), wanted, 1e-5);
      assertClose(step('sample', clean), wanted, 1e-5);
    });
  }),
);

test(
  'at eta 1 DDIM is DDPM: same mean, same noise',
  noLeaks(() => {
    tf.tidy(() => {
      const schedule = makeSchedule({ ...sd, steps_offset: 0, set_alpha_to_one: true }, { steps: 50 });
      const [x, eps, noise] = [normal(key(3), shape), normal(key(4), shape), normal(key(5), shape)];
      for (const t of [980, 500, 20])
        assertClose(ddimStep(schedule, x, eps, t, { eta: 1, noise }), ddpmStep(schedule, x, eps, t, { noise }), 1e-5);
    });
  }),
);

test(
  'a timestep outside the schedule, missing noise and another shape are refused by name',
  noLeaks(() => {
    const schedule = makeSchedule(sd, { steps: 50 });
    tf.tidy(() => {
      const [x, eps] = [normal(key(1), shape), normal(key(2), shape)];
      assert.throws(() => ddimStep(schedule, x, eps, 982), /t is 982, not one of the 50 timesteps/);
      assert.throws(() => ddimStep(schedule, x, eps, 981, { eta: 0.5 }), /eta is 0.5, so noise is needed/);
      assert.throws(() => ddimStep(schedule, x, normal(key(1), [1, 4, 4, 4]), 981), /expected \[2, 4, 4, 4\], got \[1, 4, 4, 4\]/);
      assert.throws(() => ddpmStep(schedule, x, eps, 981), /noise is needed at timestep 981/);
    });
  }),
);
