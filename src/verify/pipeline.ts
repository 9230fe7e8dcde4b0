/** Whole pipelines against the reference's: given token ids, start latents and noise, latents after every step and the final image. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { dispose, scope } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { decodeLatents, disposeModel, encodeImages, type Guidance, loadModel, type Model } from '../pipelines';
import {
  type Branch,
  denoise,
  editBranches,
  imageAndText,
  imageCondition,
  inpaintStart,
  keepKnown,
  latentFactor,
  latentMask,
  noisedStart,
  predictor,
  runTextEncoder,
  type TextContexts,
  textGuidance,
} from '../pipelines/internal';
import { createScheduler, type Scheduler, type SchedulerConfig } from '../schedulers';
import { exchangeScheduler } from '../schedulers/internal';
import { loadUNet } from '../unet';
import { type Checker, type Measure, Unsupported } from './checker';
import { channelsLast, type Fixture, fixtureImage, fixtureTensor, fromRows } from './fixture';
import { absolute, exact, rel } from './measure';

interface Run {
  readonly pipeline: string;
  /** The scheduler's short name, perhaps with a remark after it. */
  readonly scheduler: string;
  readonly timesteps: readonly number[];
  readonly guidance_scale: number;
  readonly guidance_rescale?: number;
  readonly image_guidance_scale?: number;
  readonly strength?: number;
  readonly eta?: number;
}

interface CaseFile {
  readonly prompt_ids: readonly (readonly number[])[];
  readonly uncond_ids: readonly (readonly number[])[];
  readonly steps: number;
  readonly runs: Readonly<Record<string, Run>>;
}

const tolerance = { latents: 2e-4, image: 1e-3, embeddings: 5e-5 };

export const pipelineChecker: Checker = {
  component: 'pipeline',
  async cases(folder) {
    const { runs } = (await readJson(join(folder, 'case.json'))) as CaseFile;
    return [...Object.keys(runs), 'embeddings'];
  },
  async *check(folder, name, { signal }) {
    const file = (await readJson(join(folder, 'case.json'))) as CaseFile;
    const run = file.runs[name];
    if (run && !(run.pipeline in starts)) throw new Unsupported(run.pipeline);
    const model = run ? await modelOf(folder, name, run) : await loadModel(join(folder, 'tiny_sd'));
    const contexts = encodeIds(model, file);
    try {
      if (run)
        yield* await checkRun(
          await readSafetensors(join(folder, `${name}.safetensors`)),
          run,
          model,
          contexts,
          schedulerOf(model, run, file.steps),
          signal,
        );
      else yield* checkEmbeddings(contexts, await readSafetensors(join(folder, 'embeddings.safetensors')));
    } finally {
      dispose(contexts.prompts, contexts.negative);
      disposeModel(model);
    }
  },
};

function encodeIds(model: Model, { prompt_ids, uncond_ids }: CaseFile): TextContexts {
  const [prompts, none] = [fromRows(prompt_ids, 'int32'), fromRows(uncond_ids, 'int32')];
  const context = runTextEncoder(model, prompts);
  const one = runTextEncoder(model, none);
  const negative = tf.tile(one, [prompt_ids.length / uncond_ids.length, 1, 1]);
  dispose(prompts, none, one);
  return { prompts: { context }, negative: { context: negative } };
}

function* checkEmbeddings({ prompts, negative }: TextContexts, expected: Fixture): Iterable<Measure> {
  yield rel('prompt_embeds', prompts.context, expected.prompt_embeds!.data, tolerance.embeddings);
  yield rel('negative_prompt_embeds', negative.context, expected.negative_prompt_embeds!.data, tolerance.embeddings);
}

/**
 * The scheduler by its name: the model's noise schedule with the model's other keys, or with the class's own defaults, whichever the
 * timesteps are of.
 */
function schedulerOf(model: Model, { scheduler, timesteps, strength }: Run, steps: number): Scheduler {
  const name = scheduler.split(' ')[0]!;
  const exchanged = exchangeScheduler(model.schedulerConfig, name);
  const noiseOnly = Object.fromEntries(
    Object.entries(exchanged).filter(([key]) => /^_class_name$|^beta_|^num_train|^prediction_type$/.test(key)),
  );
  const made = [exchanged, noiseOnly as SchedulerConfig].map((config) => createScheduler(config, { steps, strength }));
  return made.find((one) => one.timesteps.join() === timesteps.join()) ?? made[0]!;
}

/** What a kind of pipeline starts with, and how it is guided. */
interface Start {
  readonly latents: tf.Tensor4D;
  readonly branches: readonly Branch[];
  readonly guidance: Guidance;
  readonly adjust?: (latents: tf.Tensor4D, call: number) => tf.Tensor;
  /** What `adjust` uses. */
  readonly held?: readonly tf.Tensor[];
}

interface Given extends TextContexts {
  readonly model: Model;
  readonly fixture: Fixture;
  readonly run: Run;
  readonly scheduler: Scheduler;
}

const guided = ({ run, prompts, negative }: Given): Pick<Start, 'branches' | 'guidance'> =>
  textGuidance({ prompts, negative }, { guidance: run.guidance_scale, rescale: run.guidance_rescale });

const pureNoise = ({ fixture, scheduler }: Given): tf.Tensor4D => tf.mul(fixtureImage(fixture, 'latents'), scheduler.initNoiseSigma);

/** By the reference's class; each runs in a memory scope. */
const starts: Readonly<Record<string, (request: Given) => Start>> = {
  StableDiffusionPipeline: (request) => ({ latents: pureNoise(request), ...guided(request) }),
  StableDiffusionImg2ImgPipeline(request) {
    const { model, fixture, scheduler } = request;
    const clean = encodeImages(model, fixtureImage(fixture, 'image_in'), fixtureImage(fixture, 'posterior_noise'));
    return { latents: noisedStart(scheduler, clean, fixtureImage(fixture, 'start_noise')), ...guided(request) };
  },
  StableDiffusionInpaintPipeline(request) {
    const { model, fixture, scheduler, run } = request;
    const clean = encodeImages(model, fixtureImage(fixture, 'image_in'), fixtureImage(fixture, 'posterior_noise'));
    const noise = fixtureImage(fixture, 'start_noise');
    const mask = latentMask(fixtureImage(fixture, 'mask'), latentFactor(model));
    const latents = inpaintStart(scheduler, clean, noise, run.strength ?? 1);
    return { latents, adjust: keepKnown(scheduler, clean, noise, mask), held: [clean, noise, mask], ...guided(request) };
  },
  StableDiffusionInstructPix2PixPipeline(request) {
    const { model, fixture, run, prompts, negative } = request;
    const condition = imageCondition(model, fixtureImage(fixture, 'image_in'));
    return {
      latents: pureNoise(request),
      branches: editBranches(prompts, negative, condition, tf.zerosLike(condition)),
      guidance: imageAndText(run.guidance_scale, run.image_guidance_scale ?? 1.5),
    };
  },
};

/** The folder's model, or where the run edits an image, one with the U-Net beside it. */
async function modelOf(folder: string, name: string, run: Run): Promise<Model> {
  const model = await loadModel(join(folder, 'tiny_sd'));
  if (run.image_guidance_scale === undefined) return model;
  dispose(model.unet.params);
  try {
    return { ...model, unet: await loadUNet(join(folder, 'unet_ip2p')) };
  } catch (error) {
    dispose(model.vae.params, model.textEncoder.params);
    throw new Error(`${name}: the editing U-Net could not be loaded`, { cause: error });
  }
}

async function checkRun(
  fixture: Fixture,
  run: Run,
  model: Model,
  contexts: TextContexts,
  scheduler: Scheduler,
  signal: AbortSignal,
): Promise<Measure[]> {
  const start = scope(() => {
    const made = starts[run.pipeline]!({ model, fixture, run, scheduler, ...contexts });
    // The contexts are the caller's; what is returned from here is freed below.
    return { ...made, branches: made.branches.map((branch) => ({ ...branch, context: tf.clone(branch.context) })) };
  });
  const predict = predictor(model, start.branches, start.guidance);
  const stepNoise = (call: number): tf.Tensor4D =>
    scope(() => channelsLast(tf.squeeze(tf.slice(fixtureTensor(fixture, 'step_noise'), call, 1), [0]) as tf.Tensor4D));
  const after: tf.Tensor4D[] = [];
  let latents: tf.Tensor4D | undefined;
  try {
    latents = await denoise({
      scheduler,
      latents: start.latents,
      predict,
      signal,
      eta: run.eta ?? 0,
      noise: stepNoise,
      adjust: start.adjust,
      onStep: (step) => {
        after.push(tf.clone(step.latents));
      },
    });
    return scope(
      () =>
        [
          exact('timesteps', scheduler.timesteps, run.timesteps),
          rel('latents_after_step', tf.transpose(tf.stack(after), [0, 1, 4, 2, 3]), fixture.latents_after_step!.data, tolerance.latents),
          absolute('image', tf.transpose(decodeLatents(model, latents!), [0, 3, 1, 2]), fixture.image!.data, tolerance.image),
        ] as unknown as tf.TensorContainer,
    ) as unknown as Measure[];
  } finally {
    predict.dispose();
    const branches = start.branches.flatMap(({ context, extra }) => (extra ? [context, extra] : [context]));
    tf.dispose([start.latents, ...branches, ...(start.held ?? []), ...after, ...(latents ? [latents] : [])]);
  }
}
