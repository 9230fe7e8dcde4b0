/** Whole pieces of the library through XLA against TensorFlow: training of a diffusion model and of an autoencoder, sampling, encoders. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { initTextEncoder, type TextEncoderConfig } from 'roentgen-lab/encoders';
import { compileNetwork, dispose, key, startEngine, uniformArray } from 'roentgen-lab/engine';
import { fitDiffusion, overrideRecipe } from 'roentgen-lab/experiments';
import { rowsOf } from 'roentgen-lab/files';
import { type ClassifierConfig, perceptualNetwork } from 'roentgen-lab/metrics';
import { disposeModel, textToImage } from 'roentgen-lab/pipelines';
import type { StrategySettings } from 'roentgen-lab/training';
import { textContext } from '#encoders/internal';
import { initClassifier } from '#metrics/internal';
import { trainVae } from '#training/train-vae';
import { initVae } from '#vae/internal';
import { collectPrograms, compileForH100, skipH100 } from '../engine/xla-h100';
import { onTensorFlow, skip, useXla } from '../engine/xla-plugin';
import { effusion, tinyModel } from '../pipelines/tiny-model';
import { assertClose, noLeaks } from '../support';
import { pixels, recipeOf, texts } from './strategy-cases';
import { config, SIZE } from './tiny-autoencoder';

useXla();

/** The losses of a fine-tuning of a tiny model, and what the model then makes. */
async function fineTuned(
  strategy: StrategySettings,
  steps: number,
  checkpointing: boolean,
): Promise<{ losses: number[]; image: Float32Array }> {
  const model = tinyModel();
  const recipe = overrideRecipe(await recipeOf(strategy, steps), { 'diffusion.checkpointing': checkpointing });
  const { log } = await fitDiffusion(model, recipe, pixels, texts, { key: key(11) });
  const [image] = await textToImage(model, { prompts: [effusion], steps: 3, seed: 4 });
  disposeModel(model);
  return { losses: log.map(({ loss }) => loss), image: image!.pixels };
}

/** Compiling a training takes half a minute of one processor, so these are for `npm run test:long`. */
const long = skip || (!process.env.ROENTGEN_LONG_TESTS && 'for npm run test:long');

/** The programs of all these tests, for the last of them. */
const programs = mkdtempSync(join(tmpdir(), 'roentgen-programs-'));
let files: readonly string[] = [];
before(async () => {
  if (long || skipH100) return;
  await startEngine();
  files = collectPrograms(programs);
});
after(() => rmSync(programs, { recursive: true, force: true }));

for (const [what, strategy, steps, checkpointing] of [
  ['20 joint steps', { name: 'joint' }, 20, false],
  ['a joint step with checkpointing', { name: 'joint' }, 2, true],
  ['LoRA of U-Net and text encoder', { name: 'lora', rank: 2, alpha: 4, parts: ['unet', 'textEncoder'] }, 3, false],
] as const)
  test(
    `${what}, and the sampling after it`,
    { skip: long },
    noLeaks(async () => {
      const got = await fineTuned(strategy, steps, checkpointing);
      const want = await onTensorFlow(() => fineTuned(strategy, steps, checkpointing));
      assert.equal(got.losses.length, steps);
      assertClose(got.losses, want.losses, 1e-4, 'losses'); // rounding that 20 steps of Adam have carried on
      assertClose(got.losses.slice(0, 1), want.losses.slice(0, 1), 2e-6, 'first loss');
      assertClose(got.image, want.image, 2e-3, 'image');
    }),
  );

test(
  'an autoencoder with perceptual and adversarial parts',
  { skip: long },
  noLeaks(async () => {
    const judge: ClassifierConfig = { size: SIZE, channels: [8, 8, 16], hidden: 8, findings: ['a'], sided: [] };
    const [params, weights] = [initVae(config, key(1)), initClassifier(judge, key(4))];
    const run = async (): Promise<number[][]> => {
      const {
        params: trained,
        frozen,
        log,
      } = await trainVae({
        config,
        params,
        pixels: rowsOf(uniformArray(key(3), 4 * SIZE * SIZE), SIZE * SIZE),
        size: SIZE,
        weights: { reconstruction: 'l1', gradient: 0.1, kl: 1e-6, perceptual: 1, adversarial: { weight: 0.5, from: 2 } },
        perceptual: perceptualNetwork({ config: judge, params: weights }),
        optimisation: {
          steps: 3,
          batch_size: 2,
          learning_rate: { peak: 1e-3, schedule: 'constant', warmup: 0, floor: 0 },
          betas: [0.5, 0.9],
          epsilon: 1e-8,
          weight_decay: 0,
          clip_norm: 1e6,
        },
        key: key(12),
      });
      dispose(trained, frozen as never);
      return log.map(({ loss, gradientNorm, aux }) => [loss, gradientNorm, ...Object.values(aux)]);
    };
    const [got, want] = [await run(), await onTensorFlow(run)];
    got.forEach((values, step) => {
      assertClose(values, want[step]!, 1e-4, `step ${step + 1}`);
    });
    dispose(params, weights);
  }),
);

const bert = {
  model_type: 'bert',
  vocab_size: 40,
  hidden_size: 12,
  intermediate_size: 20,
  num_hidden_layers: 1,
  num_attention_heads: 3,
} as const;
const t5 = { model_type: 't5', vocab_size: 40, d_model: 12, d_kv: 5, d_ff: 20, num_layers: 1, num_heads: 3 } as const;

test(
  'encoders of texts',
  { skip },
  noLeaks(() => {
    const ids = tf.tensor2d([3, 5, 7, 0, 2, 9, 0, 0], [2, 4], 'int32');
    const mask = tf.tensor2d([1, 1, 1, 0, 1, 1, 0, 0], [2, 4]);
    for (const one of [{ ...bert, max_position_embeddings: 10 }, t5] as readonly TextEncoderConfig[]) {
      const params = initTextEncoder(one, key(2));
      const run = (given: typeof params) => textContext(one, given, ids, mask);
      const network = compileNetwork((given: typeof params, i: tf.Tensor2D, m: tf.Tensor2D) => textContext(one, given, i, m));
      const [got, want] = [network(params, ids, mask), run(params)];
      assertClose(got, want, 3e-6, (one as { model_type: string }).model_type);
      network.dispose();
      dispose(params, got, want);
    }
    dispose(ids, mask);
  }),
);

test('each of these programs compiles for an H100, where the next state takes the place of the old one', { skip: long || skipH100 }, () => {
  const compiled = compileForH100(files);
  for (const [i, memory] of compiled.entries()) assert.equal(typeof memory, 'object', `program ${i}: ${memory}`);
  // Steps of training, whose results are a state and little else.
  const steps = compiled.filter((memory) => typeof memory === 'object' && memory.aliased > 0.9 * memory.outputs);
  assert.ok(steps.length >= 4, `${steps.length} of ${compiled.length} programs change a state`);
});
