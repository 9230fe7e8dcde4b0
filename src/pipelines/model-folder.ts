/** Model folders in Stable Diffusion's layout. */

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TextEncoderModel } from '../encoders';
import { loadTextEncoderModel, readTextEncoderConfig, saveTextEncoder, textEncoderClasses, textEncoderFacts } from '../encoders/internal';
import { dispose, type Tree } from '../engine';
import { checkContent, FileError, readObject, writeJson } from '../files';
import { expectFolderOf, isFile, readModelIndex, writeFileAtomic, writeModelIndex } from '../files/internal';
import type { SchedulerConfig } from '../schedulers';
import { checkScheduler, exchangeScheduler, schedulerClassName } from '../schedulers/internal';
import { loadTokenizer } from '../tokenizers';
import { loadUNet, type UNetConfig, unetShapes } from '../unet';
import { saveUNet } from '../unet/internal';
import { loadVae, type VaeConfig } from '../vae';
import { saveVae, vaeShapes } from '../vae/internal';
import { hasLora } from './adapters';
import { checkModel, expectWeights, type Model, type ModelConfigs } from './model';
import { type ModelCard, modelCard } from './model-card';
import { forgetNetworks } from './networks';
import { loadSingleFile } from './single-file';
import { hasTextProjection, loadTextProjection, readTextProjectionConfig, saveTextProjection } from './text-projection';

/** The classes of each component that are understood. */
const classes: Readonly<Record<string, readonly string[]>> = {
  unet: ['UNet2DConditionModel'],
  vae: ['AutoencoderKL'],
  text_encoder: textEncoderClasses,
};

export interface LoadModelOptions {
  /** Which files are read where a folder has several, such as `fp16`; all are computed in float32. */
  readonly variant?: string | undefined;
  /**
   * The method that samples in place of the folder's own, by its name (`ddim`), on the same noise schedule (`exchangeScheduler`): also where the folder's
   * is one that is not offered here.
   */
  readonly scheduler?: string | undefined;
}

/** Config and weights, without the list of what else the file held. */
async function loadTextEncoder(folder: string, variant?: string): Promise<TextEncoderModel & { readonly params: Tree }> {
  const { config, params } = await loadTextEncoderModel(folder, variant);
  return { config, params };
}

/**
 * Loads a model folder in Stable Diffusion's layout, or one file: a packed model (`packModel`), or Stable Diffusion 1.x (`loadSingleFile`). float16 and bfloat16 files are read to float32.
 *
 * @returns parameters are the caller's: `disposeModel`
 * @throws FileError where the folder is not there, saying what brings it where that is known; where a part is missing, of another class, has a config that asks for what is not computed here, has missing or wrongly shaped
 *                   tensors, or does not fit the others; RangeError where there is no scheduler of the name that was asked for
 */
export async function loadModel(folder: string, { variant, scheduler }: LoadModelOptions = {}): Promise<Model> {
  if (scheduler !== undefined) schedulerClassName(scheduler); // a misspelt name is told before gigabytes are read
  if (isFile(folder)) {
    const model = await loadSingleFile(folder);
    return scheduler === undefined ? model : { ...model, schedulerConfig: exchangeScheduler(model.schedulerConfig, scheduler) };
  }
  expectFolderOf('a model', folder, ['model_index.json']);
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
  const schedulerConfig = await readScheduler(join(folder, 'scheduler', 'scheduler_config.json'), scheduler);
  const projection = join(folder, 'text_projection');
  const configs = await readConfigs(folder, components.tokenizer !== undefined, hasTextProjection(projection) ? projection : undefined);
  checkContent(folder, () => checkModel(configs, folder));
  try {
    return {
      unet: owned(await loadUNet(join(folder, 'unet'), variant)),
      vae: owned(await loadVae(join(folder, 'vae'), variant)),
      textEncoder: owned(await loadTextEncoder(join(folder, 'text_encoder'), variant)),
      textProjection: configs.textProjection ? owned(await loadTextProjection(projection)) : undefined,
      tokenizer: configs.tokenizer,
      schedulerConfig,
      folder,
    };
  } catch (error) {
    dispose(...loaded);
    throw error;
  }
}

/** All that a folder says of its networks, each checked by itself: what is wrong is told before gigabytes are read. */
async function readConfigs(folder: string, hasTokenizer: boolean, projection: string | undefined): Promise<ModelConfigs> {
  const unet = await readObject<UNetConfig>(join(folder, 'unet', 'config.json'), unetShapes);
  const vae = await readObject<VaeConfig>(join(folder, 'vae', 'config.json'), vaeShapes);
  const { config } = await readTextEncoderConfig(join(folder, 'text_encoder'));
  const { window } = textEncoderFacts(config);
  return {
    unet: { config: unet },
    vae: { config: vae },
    textEncoder: { config },
    textProjection: projection === undefined ? undefined : { config: await readTextProjectionConfig(projection) },
    tokenizer: hasTokenizer ? await loadTokenizer(join(folder, 'tokenizer'), { window }) : undefined,
  };
}

/** The config to sample with; the folder's own is only checked where no other method was chosen. An unusable one is told before gigabytes are read. */
async function readScheduler(path: string, name: string | undefined): Promise<SchedulerConfig> {
  const published = await readObject<SchedulerConfig>(path);
  return checkContent(path, () => {
    const config = name === undefined ? published : exchangeScheduler(published, name);
    checkScheduler(config);
    return config;
  });
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
 * @throws Error where a file cannot be written, or the parts do not fit each other; RangeError where the model has adapters, which have a file
 *               of their own
 */
export async function saveModel(model: Model, folder: string, card: ModelCard = {}): Promise<void> {
  expectWeights(model, 'saveModel');
  checkModel(model, 'saveModel');
  if (hasLora(model.unet.params) || hasLora(model.textEncoder.params))
    throw new RangeError('saveModel: the model has adapters: write them with saveLora, then mergeLora or removeLora');
  const scheduler = checkScheduler(model.schedulerConfig);
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
    const { tokenizer_class: className } = await readObject<{ tokenizer_class: string }>(
      join(folder, 'tokenizer', 'tokenizer_config.json'),
    );
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
