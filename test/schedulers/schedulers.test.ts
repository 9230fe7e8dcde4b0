import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { foldIn, key, normal } from 'roentgen-lab/engine';
import { createScheduler, noiseTables, type Scheduler, type SchedulerConfig, schedulerNames, schedulersFor } from 'roentgen-lab/schedulers';
import { checkScheduler, exchangeScheduler } from '#schedulers/create';
import { disposeState } from '#schedulers/scheduler';
import { verifyFixtures } from '../networks';
import { assertClose, noLeaks } from '../support';

/** As Stable Diffusion 1.x is published, with a key that no scheduler reads. */
const published: SchedulerConfig = {
  _class_name: 'PNDMScheduler',
  _diffusers_version: '0.7.0.dev0',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
  clip_sample: false,
};
const { clip_sample: _, ...stableDiffusion } = published;
const shape = [1, 4, 4, 4];

/** Runs a scheduler with a network that knows the clean image, and says the noise that would have been added to it, or v. */
function runOracle(scheduler: Scheduler, clean: tf.Tensor, start: tf.Tensor, predicts: 'epsilon' | 'v_prediction'): tf.Tensor {
  return tf.tidy(() => {
    let x = start;
    let state = scheduler.start();
    const zero = tf.zerosLike(clean);
    const one = tf.onesLike(clean);
    for (const [call, t] of scheduler.timesteps.entries()) {
      // How this scheduler mixes image and noise, from its own addNoise; what the network sees is that in the scale of variance 1.
      const seen = scheduler.scaleInput(state, x);
      const signal = scheduler.addNoise(one, zero, t).dataSync()[0]!;
      const noise = scheduler.addNoise(zero, one, t).dataSync()[0]!;
      const norm = Math.hypot(signal, noise);
      const eps = tf.div(tf.sub(seen, tf.mul(clean, signal / norm)), noise / norm);
      const output = predicts === 'epsilon' ? eps : tf.sub(tf.mul(eps, signal / norm), tf.mul(clean, noise / norm));
      const fresh = scheduler.drawsNoise(state) ? { noise: normal(foldIn(key(9), call), shape) } : {};
      ({ x, state } = scheduler.step(state, x, output, t, fresh));
    }
    return x;
  });
}

for (const [className, name] of Object.entries(schedulerNames))
  test(
    `${className}: with a network that knows the clean image, every run ends at it`,
    noLeaks(() => {
      tf.tidy(() => {
        const [clean, noise] = [normal(key(1), shape), normal(key(2), shape)];
        for (const predicts of ['epsilon', 'v_prediction'] as const)
          for (const steps of [7, 20]) {
            const config = exchangeScheduler({ ...stableDiffusion, set_alpha_to_one: true, prediction_type: predicts }, name);
            const scheduler = createScheduler(config, { steps });
            const end = tf.sub(runOracle(scheduler, clean, tf.mul(noise, scheduler.initNoiseSigma), predicts), clean);
            const left = tf.max(tf.abs(end)).dataSync()[0]!;
            // DEIS ends at the lowest level of training, σ = 0.029, and leaves that noise. PNDM combines v of several levels as if they were one's.
            const exact = name !== 'deis' && !(name === 'pndm' && predicts === 'v_prediction');
            assert.ok(left < (exact ? 1e-3 : 0.15), `${predicts}, ${steps} steps: ${left} from the clean image`);
          }
      });
    }),
  );

test(
  'a step borrows its arguments: the same state and latents give the same step again',
  noLeaks(() => {
    for (const name of Object.values(schedulerNames)) {
      const scheduler = createScheduler(exchangeScheduler(stableDiffusion, name), { steps: 8 });
      const [x, output, noise] = [normal(key(1), shape), normal(key(2), shape), normal(key(3), shape)];
      let state = scheduler.start();
      for (let call = 0; call < 4; call++) {
        const t = scheduler.timesteps[call]!;
        const [first, second] = [scheduler.step(state, x, output, t, { noise }), scheduler.step(state, x, output, t, { noise })];
        assert.deepEqual(first.x.dataSync(), second.x.dataSync(), name);
        disposeState(state);
        disposeState(second.state);
        tf.dispose([first.x, second.x]);
        state = first.state;
      }
      disposeState(state);
      tf.dispose([x, output, noise]);
    }
  }),
);

test('PNDM makes n + 1 calls with the second timestep twice, and the published lists are met', () => {
  const calls = (steps: number): readonly number[] => createScheduler(stableDiffusion, { steps }).timesteps;
  assert.deepEqual(calls(75).slice(0, 4), [963, 950, 950, 937]);
  assert.equal(calls(75).length, 76);
  assert.deepEqual(calls(50).slice(0, 3), [981, 961, 961]);
  assert.deepEqual(calls(1), [1]);
  assert.deepEqual(
    createScheduler({ ...stableDiffusion, skip_prk_steps: false }, { steps: 10 }).timesteps.slice(0, 5),
    [901, 851, 851, 801, 801],
  );
});

test('strength walks the clean end of the list', () => {
  const whole = createScheduler(exchangeScheduler(stableDiffusion, 'ddim'), { steps: 50 });
  const part = createScheduler(exchangeScheduler(stableDiffusion, 'ddim'), { steps: 50, strength: 0.3 });
  assert.deepEqual(part.timesteps, whole.timesteps.slice(35));
  const euler = createScheduler(exchangeScheduler(stableDiffusion, 'euler'), { steps: 10, strength: 0.5 });
  assert.equal(euler.sigmas!.length, 6);
  assert.throws(() => createScheduler(stableDiffusion, { steps: 10, strength: 0.05 }), /leaves at least one of 10 steps, got 0.05/);
});

test("keys of other methods, which folders carry along, are passed over; keys of none, and another noise schedule's, are refused", () => {
  createScheduler(published, { steps: 10 });
  // As Stable Diffusion XL is published.
  createScheduler(
    { ...published, _class_name: 'EulerDiscreteScheduler', interpolation_type: 'linear', sample_max_value: 1, use_karras_sigmas: false },
    { steps: 10 },
  );
  const refused = (change: object, words: RegExp): void =>
    assert.throws(() => createScheduler({ ...published, ...change }, { steps: 10 }), words);
  refused({ surprise: 3 }, /PNDMScheduler: surprise is unknown \(the result may depend on its value, 3\)/);
  refused({ betaStart: 0.1 }, /PNDMScheduler: betaStart is unknown \(did you mean beta_start\?\)/);
  refused({ rescale_betas_zero_snr: true }, /rescale_betas_zero_snr is unknown/);
});

test('an exchange keeps the noise schedule and drops what the other method does not know', () => {
  const euler = exchangeScheduler(published, 'euler');
  assert.equal(createScheduler(euler, { steps: 10 }).className, 'EulerDiscreteScheduler');
  assert.equal(euler._class_name, 'EulerDiscreteScheduler');
  assert.deepEqual(noiseTables(euler), noiseTables(published));
  assert.equal(exchangeScheduler(stableDiffusion, 'DDIMScheduler').clip_sample, false);
});

test('wrong requests are refused by name', () => {
  const make = (change: object, steps = 10): Scheduler => createScheduler({ ...stableDiffusion, ...change }, { steps });
  assert.throws(() => make({}, 1001), /1001 is more than the 1000 training timesteps/);
  assert.throws(() => make({}, 0), /whole number from 1, got 0/);
  assert.throws(() => make({}, 2.5), /whole number from 1, got 2.5/);
  assert.throws(() => make({}, 1000), /visit timestep 1000, past the last, 999/);
  assert.throws(
    () => make({ _class_name: 'FlowMatchEulerDiscreteScheduler' }),
    /FlowMatchEulerDiscreteScheduler is not supported; choose one of PNDM/,
  );
  assert.throws(() => make({ _class_name: undefined }), /no _class_name/);
  assert.throws(() => make({ prediction_type: 'sample' }), /prediction_type: expected "epsilon" or "v_prediction", got "sample"/);
  assert.throws(() => make({ timestep_spacing: 'even' }), /timestep_spacing: expected "leading" or "trailing" or "linspace"/);
  assert.throws(() => make({ beta_start: 'low' }), /beta_start: expected a number, got "low"/);
  assert.throws(() => make({ beta_end: 3 }), /expected values from 0 to 1/);
  assert.throws(() => make({ trained_betas: [0.1, 0.2] }), /expected num_train_timesteps = 1000 values, got 2/);
  const solver = { ...exchangeScheduler(stableDiffusion, 'dpm_solver'), use_flow_sigmas: true };
  assert.throws(() => createScheduler(solver, { steps: 10 }), /use_flow_sigmas: expected false, got true/);
  const zeroSnr = {
    ...exchangeScheduler(stableDiffusion, 'ddim'),
    rescale_betas_zero_snr: true,
    timestep_spacing: 'trailing',
    steps_offset: 0,
  };
  assert.throws(() => createScheduler(zeroSnr, { steps: 10 }), /zero terminal SNR/);
});

test('schedulersFor names those that a model can be sampled with, and no others', () => {
  const all = Object.values(schedulerNames);
  assert.deepEqual(schedulersFor(stableDiffusion), all);
  const ddim = exchangeScheduler(stableDiffusion, 'ddim');
  const zeroSnr = { ...ddim, prediction_type: 'v_prediction', timestep_spacing: 'trailing', rescale_betas_zero_snr: true };
  const some = schedulersFor(zeroSnr);
  assert.deepEqual(some, ['ddim', 'ddpm', 'euler', 'euler_ancestral', 'dpm_solver', 'unipc']);
  for (const name of some) assert.equal(createScheduler(exchangeScheduler(zeroSnr, name), { steps: 8 }).timesteps[0], 999, name);
  for (const name of all.filter((name) => !some.includes(name)))
    assert.throws(() => exchangeScheduler(zeroSnr, name), /does not know; choose one of ddim, ddpm, euler, /, name);
});

test(
  'a step at the wrong timestep, or after the last call, is refused by name',
  noLeaks(() => {
    const scheduler = createScheduler(stableDiffusion, { steps: 2 });
    tf.tidy(() => {
      const x = normal(key(1), shape);
      let state = scheduler.start();
      assert.throws(() => scheduler.step(state, x, x, 42), /t is 42, not one of the 3 timesteps/);
      assert.throws(() => scheduler.step(state, x, x, 1), /t is 1, but call 0 of 3 is at timestep 501/);
      for (const t of scheduler.timesteps) ({ state } = scheduler.step(state, x, x, t));
      assert.throws(() => scheduler.step(state, x, x, 1), /all 3 calls are done/);
      const ancestral = createScheduler(exchangeScheduler(stableDiffusion, 'euler_ancestral'), { steps: 2 });
      assert.throws(() => ancestral.step(ancestral.start(), x, x, ancestral.timesteps[0]!), /this step needs noise, got none/);
    });
  }),
);

test('the training tables agree with the schedule: signal² + noise² = 1, and snr falls', () => {
  const { alphasCumprod, signal, noise, snr, numTrainTimesteps, predictionType } = noiseTables(stableDiffusion);
  assert.equal(numTrainTimesteps, 1000);
  assert.equal(predictionType, 'epsilon');
  assert.ok(Math.abs(alphasCumprod[0]! - 0.99915) < 1e-6 && Math.abs(alphasCumprod[999]! - 0.00466) < 1e-5);
  for (let t = 0; t < 1000; t++) {
    assert.ok(Math.abs(signal[t]! ** 2 + noise[t]! ** 2 - 1) < 1e-6);
    if (t > 0) assert.ok(snr[t]! < snr[t - 1]!);
  }
  // Facts of the paper's notes: below 5 from t = 147, below 1 from t = 354.
  assert.equal(
    snr.findIndex((value) => value < 5),
    147,
  );
  assert.equal(
    snr.findIndex((value) => value < 1),
    354,
  );
});

test(
  'adding noise by rows is adding it to each row',
  noLeaks(() => {
    const scheduler = createScheduler(stableDiffusion, { steps: 10 });
    tf.tidy(() => {
      const [clean, noise] = [normal(key(1), [2, 3, 3, 4]), normal(key(2), [2, 3, 3, 4])];
      const both = scheduler.addNoise(clean, noise, [901, 1]);
      for (const [row, t] of [901, 1].entries())
        assertClose(tf.slice(both, row, 1), scheduler.addNoise(tf.slice(clean, row, 1), tf.slice(noise, row, 1), t), 1e-6);
      assert.throws(() => scheduler.addNoise(clean, noise, [1, 2, 3]), /one for each of 2 rows, got 3/);
    });
  }),
);

test('the shared fixtures pass', (t) => verifyFixtures(t, 'schedulers/'));

/** Configs of classes that are not offered, as diffusers 0.42.1 saves them. */
const lcm: SchedulerConfig = {
  _class_name: 'LCMScheduler',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  clip_sample_range: 1,
  dynamic_thresholding_ratio: 0.995,
  num_train_timesteps: 1000,
  original_inference_steps: 50,
  prediction_type: 'v_prediction',
  rescale_betas_zero_snr: false,
  sample_max_value: 1,
  set_alpha_to_one: true,
  steps_offset: 0,
  thresholding: false,
  timestep_scaling: 10,
  timestep_spacing: 'leading',
  trained_betas: null,
};
const unclip: SchedulerConfig = {
  _class_name: 'UnCLIPScheduler',
  beta_schedule: 'squaredcos_cap_v2',
  clip_sample: true,
  clip_sample_range: 1,
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  variance_type: 'fixed_small_log',
};
const ancestral: SchedulerConfig = {
  _class_name: 'KDPM2AncestralDiscreteScheduler',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  num_train_timesteps: 1000,
  prediction_type: 'v_prediction',
  steps_offset: 0,
  timestep_spacing: 'linspace',
  trained_betas: null,
  use_karras_sigmas: false,
};

test("an unknown class's config is exchanged as diffusers' from_config does it", () => {
  const resolved = (config: SchedulerConfig, name: string): Readonly<Record<string, unknown>> =>
    createScheduler(exchangeScheduler(config, name), { steps: 10 }).config;
  // Values of METHOD.from_config(config).config in diffusers 0.42.1; the same for every method but where they are listed below.
  const cases: [config: SchedulerConfig, all: object, some: Record<string, object>][] = [
    [
      lcm,
      { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear', prediction_type: 'v_prediction', num_train_timesteps: 1000 },
      {
        pndm: { timestep_spacing: 'leading', steps_offset: 0, set_alpha_to_one: true, skip_prk_steps: false },
        ddim: { timestep_spacing: 'leading', set_alpha_to_one: true, clip_sample: false, rescale_betas_zero_snr: false },
        euler: { timestep_spacing: 'leading', steps_offset: 0, final_sigmas_type: 'zero', use_karras_sigmas: false },
        heun: { timestep_spacing: 'leading', clip_sample: false },
        dpm_solver: { timestep_spacing: 'leading', solver_order: 2, algorithm_type: 'dpmsolver++', thresholding: false },
        unipc: { timestep_spacing: 'leading', solver_order: 2, predict_x0: true },
      },
    ],
    [
      unclip,
      { beta_schedule: 'squaredcos_cap_v2', prediction_type: 'epsilon', num_train_timesteps: 1000, trained_betas: null },
      {
        ddim: { timestep_spacing: 'leading', set_alpha_to_one: true, clip_sample: true, clip_sample_range: 1 },
        euler: { timestep_spacing: 'linspace', beta_start: 0.0001, beta_end: 0.02 },
        heun: { timestep_spacing: 'linspace', clip_sample: true, beta_start: 0.00085, beta_end: 0.012 },
      },
    ],
    [
      ancestral,
      { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear', prediction_type: 'v_prediction' },
      {
        ddim: { timestep_spacing: 'linspace', set_alpha_to_one: true, clip_sample: false }, // true in diffusers: its limit is for pixels
        kdpm2: { timestep_spacing: 'linspace', use_karras_sigmas: false },
      },
    ],
  ];
  for (const [config, all, some] of cases)
    for (const name of Object.values(schedulerNames)) {
      const got = resolved(config, name);
      for (const [key, value] of Object.entries({ ...all, ...some[name] }))
        assert.deepEqual(got[key], value, `${config._class_name} → ${name}: ${key}`);
    }
  const kept = resolved(
    { ...stableDiffusion, _class_name: 'DPMSolverMultistepScheduler', algorithm_type: 'sde-dpmsolver++' },
    'dpm_solver',
  );
  assert.equal(kept.algorithm_type, 'sde-dpmsolver++', "a class's own variants stay where it is chosen by name");
  // A known class's betas are its own where the file leaves them out: PNDM's, not KDPM2's.
  assert.deepEqual(
    noiseTables(exchangeScheduler({ _class_name: 'PNDMScheduler' }, 'kdpm2')),
    noiseTables({ _class_name: 'PNDMScheduler' }),
  );
});

test('what cannot be exchanged without changing the noise schedule is refused, and said so', () => {
  const cases: [what: RegExp, config: SchedulerConfig, name: string][] = [
    [
      /FlowMatchEulerDiscreteScheduler can't be exchanged for DDIMScheduler: its config gives no betas/,
      { _class_name: 'FlowMatchEulerDiscreteScheduler', num_train_timesteps: 1000, shift: 3 },
      'ddim',
    ],
    [
      /gives no betas/,
      { _class_name: 'EDMEulerScheduler', sigma_min: 0.002, sigma_max: 80, sigma_data: 0.5, prediction_type: 'epsilon' },
      'euler',
    ],
    [/gives no betas/, { _class_name: 'IPNDMScheduler', num_train_timesteps: 1000, trained_betas: null }, 'pndm'],
    [/gives no betas/, { _class_name: 'LCMScheduler', beta_schedule: 'linear' }, 'ddim'],
    [/its use_flow_sigmas is true/, { ...stableDiffusion, _class_name: 'UniPCMultistepScheduler', use_flow_sigmas: true }, 'ddim'],
    [/its snr_shift_scale is 3/, { ...stableDiffusion, _class_name: 'CogVideoXDDIMScheduler', snr_shift_scale: 3 }, 'ddim'],
    [
      /its timestep_type is "continuous"/,
      { ...stableDiffusion, _class_name: 'EulerDiscreteScheduler', timestep_type: 'continuous' },
      'ddim',
    ],
    [/rescale_betas_zero_snr, which that method does not know/, { ...lcm, rescale_betas_zero_snr: true }, 'lms'],
  ];
  for (const [what, config, name] of cases) assert.throws(() => exchangeScheduler(config, name), what);
  assert.equal(exchangeScheduler({ ...lcm, rescale_betas_zero_snr: true }, 'ddim').rescale_betas_zero_snr, true);
  assert.throws(
    () => createScheduler(lcm, { steps: 10 }),
    /LCMScheduler is not supported; choose one of PNDMScheduler.*--scheduler of roentgen generate/,
  );
  assert.throws(() => exchangeScheduler(lcm, 'ddjm'), /ddjm is not supported; choose one of/);
});

test('counts and numbers that no schedule has are refused by key before a table is made', { timeout: 10_000 }, () => {
  const refused = (change: object, what: RegExp): void => {
    for (const _class_name of Object.keys(schedulerNames))
      assert.throws(() => checkScheduler({ ...stableDiffusion, ...change, _class_name }), what, `${_class_name} ${JSON.stringify(change)}`);
  };
  refused({ num_train_timesteps: 1e9 }, /num_train_timesteps: expected a whole number from 1 to 1000000, got 1000000000/);
  refused({ num_train_timesteps: 2.5 }, /num_train_timesteps: expected a whole number/);
  refused({ num_train_timesteps: -1 }, /num_train_timesteps: expected a whole number/);
  refused({ num_train_timesteps: '1000' }, /num_train_timesteps: expected a whole number from 1 to 1000000, got "1000"/);
  refused({ beta_start: Number.NaN }, /beta_start: expected a number, got NaN/);
  refused({ beta_end: Number.POSITIVE_INFINITY }, /beta_end: expected a number, got Infinity/);
  refused({ trained_betas: Array.from({ length: 1000 }, () => '0.1') }, /trained_betas: expected a number or a list of numbers/);
  refused({ beta_start: 0, beta_end: 0 }, /betas: all are 0/);
  assert.throws(() => checkScheduler({ ...stableDiffusion, steps_offset: -5 }), /steps_offset: expected a whole number from 0/);
  // The Runge-Kutta start, which is diffusers' default, takes four steps at least; that is no reason to refuse the config.
  assert.equal(checkScheduler({ _class_name: 'PNDMScheduler' }), 'PNDMScheduler');
  assert.equal(checkScheduler({ _class_name: 'DDIMScheduler', num_train_timesteps: 2 }), 'DDIMScheduler');
});
