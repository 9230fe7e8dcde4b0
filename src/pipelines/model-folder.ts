/** Model folders in Stable Diffusion's layout. */

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { loadTextEncoderModel, saveTextEncoder, type TextEncoderModel, textEncoderFacts } from '../encoders';
import { dispose, type Tree } from '../engine';
import { FileError, readJson, readModelIndex, writeFileAtomic, writeJson, writeModelIndex } from '../files';
import { createScheduler, type SchedulerConfig } from '../schedulers';
import { loadTokenizer } from '../tokenizers';
import { loadUNet, saveUNet } from '../unet';
import { loadVae, saveVae } from '../vae';
import { checkModel, type Model } from './model';
import { type ModelCard, modelCard } from './model-card';
import { forgetNetworks } from './networks';
import { loadSingleFile } from './single-file';
import { hasTextProjection, loadTextProjection, saveTextProjection } from './text-projection';

/** The classes of each component that are understood. */
const classes: Readonly<Record<string, readonly string[]>> = {
  unet: ['UNet2DConditionModel'],
  vae: ['AutoencoderKL'],
  text_encoder: [
    'CLIPTextModel',
    'CLIPTextModelWithProjection',
    'BertModel',
    'RobertaModel',
    'XLMRobertaModel',
    'T5EncoderModel',
    'MT5EncoderModel',
  ],
};

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

export interface LoadModelOptions {
  /** Which files are read where a folder has several, such as `fp16`; all are computed in float32. */
  readonly variant?: string | undefined;
}

/** Config and weights, without the list of what else the file held. */
async function loadTextEncoder(folder: string, variant?: string): Promise<TextEncoderModel & { readonly params: Tree }> {
  const { config, params } = await loadTextEncoderModel(folder, variant);
  return { config, params };
}

/**
 * Loads a model folder in Stable Diffusion's layout, or one file as `loadSingleFile` does. float16 and bfloat16 files are read to float32.
 *
 * @returns parameters are the caller's: `disposeModel`
 * @throws Error naming the file where a part is missing, of another class, has missing or wrongly shaped tensors, or does not fit the
 *               others
 */
export async function loadModel(folder: string, { variant }: LoadModelOptions = {}): Promise<Model> {
  if (await isFile(folder)) return loadSingleFile(folder);
  const { components } = await readModelIndex(folder);
  const index = join(folder, 'model_index.json');
  for (const name of ['unet', 'vae', 'text_encoder', 'scheduler']) {
    if (!components[name]) throw new FileError(index, `names no ${name}; a text-to-image model needs it`);
    const className = components[name][1];
    if (classes[name] && !classes[name].includes(className))
      throw new FileError(index, `${name}: expected ${classes[name].join(' or ')}, got ${className}, which is not supported`);
  }
  if (variant !== undefined) await expectVariant(folder, variant);
  const loaded: Tree[] = [];
  const owned = <T extends { readonly params: Tree }>(part: T): T => {
    loaded.push(part.params);
    return part;
  };
  try {
    const schedulerConfig = (await readJson(join(folder, 'scheduler', 'scheduler_config.json'))) as SchedulerConfig;
    createScheduler(schedulerConfig, { steps: 1 }); // an unusable config is told before gigabytes are read
    const projection = join(folder, 'text_projection');
    const tokenizer = components.tokenizer ? await loadTokenizer(join(folder, 'tokenizer')) : undefined;
    const model: Model = {
      unet: owned(await loadUNet(join(folder, 'unet'), variant)),
      vae: owned(await loadVae(join(folder, 'vae'), variant)),
      textEncoder: owned(await loadTextEncoder(join(folder, 'text_encoder'), variant)),
      ...(hasTextProjection(projection) ? { textProjection: owned(await loadTextProjection(projection)) } : {}),
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

/** A part without the variant has its plain file, as in diffusers; a name that no part has is a mistake. */
async function expectVariant(folder: string, variant: string): Promise<void> {
  const files = (await Promise.all(['unet', 'vae', 'text_encoder'].map((part) => readdir(join(folder, part))))).flat();
  if (!files.some((name) => name.endsWith(`.${variant}.safetensors`) || name.endsWith(`.safetensors.index.${variant}.json`)))
    throw new FileError(folder, `no part has files of the variant ${variant}, such as model.${variant}.safetensors`);
}

/**
 * Writes a model folder that diffusers' `StableDiffusionPipeline.from_pretrained` opens, unless the model has a text projection, which diffusers
 * has not (`foldTextProjection` takes it into the U-Net). Files are replaced one by one, each whole; `model_index.json` comes last.
 *
 * @param card what its README.md, the model card, says of data, recipe and measures
 * @throws Error where a file cannot be written, or the parts do not fit each other
 */
export async function saveModel(model: Model, folder: string, card: ModelCard = {}): Promise<void> {
  checkModel(model, 'saveModel');
  const scheduler = createScheduler(model.schedulerConfig, { steps: 1 }).className;
  await saveUNet(join(folder, 'unet'), model.unet);
  await saveVae(join(folder, 'vae'), model.vae);
  await saveTextEncoder(join(folder, 'text_encoder'), model.textEncoder);
  const projection = join(folder, 'text_projection');
  if (model.textProjection) await saveTextProjection(projection, model.textProjection);
  else await rm(projection, { recursive: true, force: true }); // of a model that was there before
  await writeJson(join(folder, 'scheduler', 'scheduler_config.json'), { ...model.schedulerConfig, _class_name: scheduler });
  const components: Record<string, readonly [string, string]> = {
    scheduler: ['diffusers', scheduler],
    text_encoder: ['transformers', textEncoderFacts(model.textEncoder.config).className],
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
  await writeFileAtomic(join(folder, 'README.md'), modelCard(model, card));
  await writeModelIndex(folder, components);
}

/** Frees a model's parameters and its compiled networks. */
export function disposeModel(model: Model): void {
  forgetNetworks(model);
  dispose(model.unet.params, model.vae.params, model.textEncoder.params, model.textProjection?.params);
}
