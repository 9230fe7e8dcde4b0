/** Model folders in Stable Diffusion's layout. */

import { join } from 'node:path';
import { loadClipText, saveClipText } from '../encoders';
import { dispose, type Tree } from '../engine';
import { FileError, readJson, readModelIndex, writeJson, writeModelIndex } from '../files';
import { createScheduler, type SchedulerConfig } from '../schedulers';
import { loadTokenizer } from '../tokenizers';
import { loadUNet, saveUNet } from '../unet';
import { loadVae, saveVae } from '../vae';
import { hasLora } from './lora';
import { checkModel, type Model } from './model';
import { forgetNetworks } from './networks';

/** The classes of each component that are understood. */
const classes: Readonly<Record<string, readonly string[]>> = {
  unet: ['UNet2DConditionModel'],
  vae: ['AutoencoderKL'],
  text_encoder: ['CLIPTextModel', 'CLIPTextModelWithProjection'],
};

/**
 * Loads a model folder in Stable Diffusion's layout.
 *
 * @returns parameters are the caller's: `disposeModel`
 * @throws Error naming the file where a part is missing, of another class, has missing or wrongly shaped tensors, or does not fit the
 *               others
 */
export async function loadModel(folder: string): Promise<Model> {
  const { components } = await readModelIndex(folder);
  const index = join(folder, 'model_index.json');
  for (const name of ['unet', 'vae', 'text_encoder', 'scheduler']) {
    if (!components[name]) throw new FileError(index, `names no ${name}; a text-to-image model needs it`);
    const className = components[name][1];
    if (classes[name] && !classes[name].includes(className))
      throw new FileError(index, `${name}: expected ${classes[name].join(' or ')}, got ${className}, which is not supported`);
  }
  const loaded: Tree[] = [];
  const owned = <T extends { readonly params: Tree }>(part: T): T => {
    loaded.push(part.params);
    return part;
  };
  try {
    const schedulerConfig = (await readJson(join(folder, 'scheduler', 'scheduler_config.json'))) as SchedulerConfig;
    createScheduler(schedulerConfig, { steps: 1 }); // an unusable config is told before gigabytes are read
    const tokenizer = components.tokenizer ? await loadTokenizer(join(folder, 'tokenizer')) : undefined;
    const model: Model = {
      unet: owned(await loadUNet(join(folder, 'unet'))),
      vae: owned(await loadVae(join(folder, 'vae'))),
      textEncoder: owned(await loadClipText(join(folder, 'text_encoder'))),
      ...(tokenizer ? { tokenizer } : {}),
      schedulerConfig,
      folder,
    };
    checkModel(model, folder);
    return model;
  } catch (error) {
    dispose(...loaded);
    throw error;
  }
}

/**
 * Writes a model folder that diffusers' `StableDiffusionPipeline.from_pretrained` opens. Files are replaced one by one, each whole;
 * `model_index.json` comes last.
 *
 * @throws Error where a file cannot be written, or the parts do not fit each other; RangeError where the model has adapters, which have a file
 *               of their own
 */
export async function saveModel(model: Model, folder: string): Promise<void> {
  checkModel(model, 'saveModel');
  if (hasLora(model.unet.params) || hasLora(model.textEncoder.params))
    throw new RangeError('saveModel: the model has adapters: write them with saveLora, then mergeLora or removeLora');
  const scheduler = createScheduler(model.schedulerConfig, { steps: 1 }).className;
  await saveUNet(join(folder, 'unet'), model.unet);
  await saveVae(join(folder, 'vae'), model.vae);
  await saveClipText(join(folder, 'text_encoder'), model.textEncoder);
  await writeJson(join(folder, 'scheduler', 'scheduler_config.json'), { ...model.schedulerConfig, _class_name: scheduler });
  const components: Record<string, readonly [string, string]> = {
    scheduler: ['diffusers', scheduler],
    text_encoder: ['transformers', 'CLIPTextModel'],
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
  };
  if (model.tokenizer) {
    await model.tokenizer.save(join(folder, 'tokenizer'));
    const { tokenizer_class: className } = (await readJson(join(folder, 'tokenizer', 'tokenizer_config.json'))) as {
      tokenizer_class: string;
    };
    components.tokenizer = ['transformers', className];
  }
  await writeModelIndex(folder, components);
}

/** Frees a model's parameters and its compiled networks. */
export function disposeModel(model: Model): void {
  forgetNetworks(model);
  dispose(model.unet.params, model.vae.params, model.textEncoder.params);
}
