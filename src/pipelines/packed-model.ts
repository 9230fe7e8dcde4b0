/**
 * A whole model in one safetensors file: weights under the names of Stable Diffusion's single files, and in the header's `__metadata__` the texts that a model
 * folder keeps beside them, under the names that they have there (`unet/config.json`). Nothing lies beside it. A text encoder that is no CLIP keeps its own keys
 * behind the same prefix, a text projection has one of its own; the configs say which.
 */

import type { TextEncoderConfig, TextEncoderModel, TextEncoderParams } from '../encoders';
import { checkTextEncoderConfig, textEncoderFacts, textEncoderShapes } from '../encoders/internal';
import { dispose, type Tree } from '../engine';
import { checkContent, FileError } from '../files';
import { loadParameters, openSafetensors, parseObject } from '../files/internal';
import type { SchedulerConfig } from '../schedulers';
import { checkScheduler } from '../schedulers/internal';
import type { Tokenizer } from '../tokenizers';
import { tokenizerFromTexts } from '../tokenizers/internal';
import { type UNetConfig, type UNetParams, unetShapes } from '../unet';
import { completeUNetConfig } from '../unet/internal';
import type { VaeConfig, VaeParams } from '../vae';
import { completeVaeConfig, vaeKey, vaeShapes } from '../vae/internal';
import { checkModel, type Model, type ModelConfigs } from './model';
import { behind, PREFIX, unetKey } from './single-file-names';
import { checkTextProjectionConfig, type TextProjectionParams, textProjectionShapes } from './text-projection';

/** What tells a packed file: the number of its layout stands under this name. */
export const MARK = 'roentgen_lab';
export const LAYOUT = '1';

/** Names of the texts in the header. */
export const TEXTS = {
  unet: 'unet/config.json',
  vae: 'vae/config.json',
  text: 'text_encoder/config.json',
  projection: 'text_projection/config.json',
  scheduler: 'scheduler/scheduler_config.json',
  card: 'README.md',
} as const;

/** Those of the tokenizer's files that are held, and what stands before their names. */
export const TOKENIZER = 'tokenizer/';
export const TOKENIZER_FILES: readonly string[] = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'];

/** What stands before the keys of a text projection. */
export const PROJECTION_PREFIX = 'text_projection.';

/** Characters of a text that are read: a vocabulary of 250,000 pieces takes 17 million, a config a few thousand. */
export const longest = (name: string): number => (name.startsWith(TOKENIZER) ? 64e6 : 1e6);

type Metadata = Readonly<Record<string, string>>;

const AGAIN = 'copy the file again, or pack the model again with "roentgen pack-model"';

/** Whether a header is of a packed file, damaged or not. */
export function isPacked(metadata: Metadata): boolean {
  return Object.hasOwn(metadata, MARK) || Object.hasOwn(metadata, TEXTS.unet);
}

/** A text of the header, of a length that can be worked with. */
function textOf(path: string, metadata: Metadata, name: string): string {
  const text = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
  if (text === undefined) throw new FileError(path, `its header has no ${name}; ${AGAIN}`);
  if (text.length > longest(name))
    throw new FileError(path, `${name} in its header has ${text.length} characters, expected at most ${longest(name)}; ${AGAIN}`);
  return text;
}

/** Runs what reads a text of the header; what it refuses is an error of the file that names the text and says what to do. */
async function reading<T>(path: string, name: string, read: (where: string) => T | Promise<T>): Promise<T> {
  const where = `${name} in its header`;
  try {
    return await read(where);
  } catch (error) {
    if (!(error instanceof FileError || error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new FileError(path, `${where}: ${error.message.replace(`${where}: `, '')}; ${AGAIN}`, error);
  }
}

/** A config of the header, of the class that is computed here. */
async function configOf<T extends object>(
  path: string,
  metadata: Metadata,
  name: string,
  check: (config: T, where: string) => unknown,
  className?: string,
): Promise<T> {
  const text = textOf(path, metadata, name);
  return await reading(path, name, (where) => {
    const config = parseObject<T & { readonly _class_name?: unknown }>(where, text);
    const { _class_name: named = className } = config;
    if (className !== undefined && named !== className)
      throw new FileError(where, `_class_name: expected ${className}, got ${JSON.stringify(named)}, which is not supported`);
    check(config, where);
    return config;
  });
}

async function packedTokenizer(path: string, metadata: Metadata, window: number | undefined): Promise<Tokenizer | undefined> {
  const names = TOKENIZER_FILES.filter((name) => Object.hasOwn(metadata, TOKENIZER + name));
  if (names.length === 0) return undefined;
  const texts = Object.fromEntries(names.map((name) => [name, textOf(path, metadata, TOKENIZER + name)]));
  return await reading(path, 'the tokenizer', (where) => tokenizerFromTexts(where, texts, window === undefined ? {} : { window }));
}

/** All that the header says of the model, each part checked by itself and against the others. */
async function packedConfigs(path: string, metadata: Metadata): Promise<ModelConfigs & { readonly schedulerConfig: SchedulerConfig }> {
  const layout = Object.hasOwn(metadata, MARK) ? metadata[MARK] : undefined;
  if (layout === undefined) throw new FileError(path, `its header has no ${MARK}, the number of its layout; ${AGAIN}`);
  if (layout !== LAYOUT)
    throw new FileError(
      path,
      `is packed in layout ${JSON.stringify(layout.slice(0, 20))}, expected "${LAYOUT}": open it with the version of roentgen-lab that packed it`,
    );
  const unet = await configOf<UNetConfig>(path, metadata, TEXTS.unet, unetShapes, 'UNet2DConditionModel');
  const vae = await configOf<VaeConfig>(path, metadata, TEXTS.vae, vaeShapes, 'AutoencoderKL');
  const text = await configOf<TextEncoderConfig>(path, metadata, TEXTS.text, (config, where) => checkTextEncoderConfig(where, config));
  const schedulerConfig = await configOf<SchedulerConfig>(path, metadata, TEXTS.scheduler, checkScheduler);
  const projection = Object.hasOwn(metadata, TEXTS.projection)
    ? await configOf(path, metadata, TEXTS.projection, (config, where) => checkTextProjectionConfig(where, config))
    : undefined;
  const configs = {
    unet: { config: unet },
    vae: { config: vae },
    textEncoder: { config: text },
    textProjection: projection && { config: checkTextProjectionConfig(path, projection) },
    tokenizer: await packedTokenizer(path, metadata, textEncoderFacts(text).window),
  };
  checkContent(path, () => checkModel(configs, path));
  return { ...configs, schedulerConfig };
}

type Shapes = Record<string, number[]>;

/**
 * Loads what `packModel` wrote; float16 is read to float32.
 *
 * @param keys     all of the file's
 * @param metadata the file's
 * @returns parameters are the caller's: `disposeModel`
 * @throws FileError where a text of the header is missing, damaged, overlong, of another network, or does not fit the others, and where tensors are missing,
 *                   unknown or of other shapes
 */
export async function loadPacked(path: string, keys: readonly string[], metadata: Metadata): Promise<Model> {
  const { unet, vae, textEncoder, textProjection, tokenizer, schedulerConfig } = await packedConfigs(path, metadata);
  const prefixes = [...Object.values(PREFIX), ...(textProjection ? [PROJECTION_PREFIX] : [])];
  const unknown = keys.filter((key) => !prefixes.some((prefix) => key.startsWith(prefix)));
  if (unknown.length > 0)
    throw new FileError(path, `holds tensors of no part of its model, ${unknown.length}: ${unknown.slice(0, 3).join(', ')}; ${AGAIN}`);
  const loaded: Tree[] = [];
  const part = async <P extends Tree>(
    prefix: string,
    expected: Shapes | ((keys: ReadonlySet<string>) => Shapes),
    rename: (key: string) => string = (key) => key,
  ): Promise<P> => {
    const params = await loadParameters<P>(path, { expected, rename: behind(prefix, rename) });
    loaded.push(params);
    return params;
  };
  const layers = completeUNetConfig(unet.config).layers_per_block;
  const levels = completeVaeConfig(vae.config).block_out_channels.length;
  try {
    return {
      unet: { ...unet, params: await part<UNetParams>(PREFIX.unet, unetShapes(unet.config), (key) => unetKey(key, layers)) },
      vae: { ...vae, params: await part<VaeParams>(PREFIX.vae, vaeShapes(vae.config), (key) => vaeKey(key, levels)) },
      textEncoder: {
        ...textEncoder,
        params: (await part(PREFIX.text, (names) => textEncoderShapes(textEncoder.config, names))) as unknown as TextEncoderParams,
      } as TextEncoderModel,
      textProjection: textProjection && {
        ...textProjection,
        params: await part<TextProjectionParams>(PROJECTION_PREFIX, textProjectionShapes(textProjection.config)),
      },
      tokenizer,
      schedulerConfig,
      folder: path,
    };
  } catch (error) {
    dispose(...loaded);
    throw error;
  }
}

/** The texts of a packed file's header; undefined where the file is another. @throws FileError where it is no safetensors file */
export async function readPackedTexts(path: string): Promise<Metadata | undefined> {
  const file = await openSafetensors(path);
  await file.close();
  return isPacked(file.metadata) ? file.metadata : undefined;
}

/** The tokenizer of a packed file. @throws FileError where it has none, or one that is damaged */
export async function readPackedTokenizer(path: string): Promise<Tokenizer> {
  const texts = await readPackedTexts(path);
  const tokenizer = texts && (await packedTokenizer(path, texts, undefined));
  if (!tokenizer) throw new FileError(path, `its header has no tokenizer; ${AGAIN}`);
  return tokenizer;
}
