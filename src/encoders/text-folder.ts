/** Text encoders from the folders that they are published in; the class follows from `config.json`. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dispose } from '../engine';
import { checkContent, FileError, readObject } from '../files';
import { checkSettings, is, loadParameters, optional } from '../files/internal';
import { type BertConfig, completeBertConfig } from './bert-config';
import { bertKey, readBert } from './bert-files';
import type { ClipConfig, ClipTextConfig } from './clip-config';
import { type ClipTextParams, clipTextShapes } from './clip-text';
import { familyOf, type TextEncoderConfig, type TextEncoderModel, textEncoderFacts, textModelTypes } from './text-model';

/** An encoder from a folder. */
export interface LoadedTextEncoder extends TextEncoderModel {
  /** Tensors that belong to other parts (heads, a decoder, an image encoder), as the file names them. */
  readonly ignored: readonly string[];
  /** Most tokens per text by the folder's own word, where it gives one apart from the tokenizer. */
  readonly contextLength?: number;
}

/** What open_clip writes, as far as it is looked at. */
interface OpenClipConfig {
  readonly model_cfg?: { readonly text_cfg?: { readonly hf_model_name?: string; readonly context_length?: number } };
}

/** Models whose configs are BertConfig's defaults. */
const BERT_BASE = /(BiomedNLP-(BiomedBERT|PubMedBERT)-base-uncased|^bert-base-uncased|\/bert-base-uncased)/;

/** How a folder holds its encoder: alone (or with a head), as CLIP's text tower beside the images', or inside an open_clip model. */
type Form = 'alone' | 'clip-towers' | 'open_clip';

/** The config of a folder's text encoder. */
export interface TextEncoderFolder {
  readonly config: TextEncoderConfig;
  readonly form: Form;
  /** Most tokens per text by the folder's own word, where it gives one apart from the tokenizer. */
  readonly contextLength?: number;
}

/**
 * What kind of text encoder a folder holds; no weights are read.
 *
 * @throws FileError where the folder holds another kind of model
 */
export async function readTextEncoderConfig(folder: string): Promise<TextEncoderFolder> {
  const openClip = join(folder, 'open_clip_config.json');
  const path = join(folder, 'config.json');
  // Some folders hold a CLIP in both forms; transformers' is read then.
  const both = existsSync(openClip) && existsSync(path) && (await readObject<{ model_type?: unknown }>(path)).model_type === 'clip';
  if (existsSync(openClip) && !both) return await readOpenClip(folder, openClip);
  const json = await readObject<TextEncoderConfig & ClipConfig>(path);
  const isTowers = json.model_type === 'clip' && Boolean(json.text_config);
  const config = isTowers ? towerConfig(json) : json;
  checkTextEncoderConfig(path, config);
  return { config, form: isTowers ? 'clip-towers' : 'alone' };
}

/**
 * Whether a config is of a text encoder that is computed here.
 *
 * @throws FileError naming `path` where it is another model's, or asks for what is not computed
 */
export function checkTextEncoderConfig(path: string, config: TextEncoderConfig): void {
  const isClip = config.model_type === undefined && String(config.architectures?.[0]).startsWith('CLIPText');
  if (!isClip && !textModelTypes.includes(config.model_type ?? ''))
    throw new FileError(
      path,
      `its model_type is ${JSON.stringify(config.model_type ?? null)}; expected that of a text encoder: ${textModelTypes.join(', ')}`,
    );
  checkContent(path, () => textEncoderFacts(config));
}

/**
 * Reads config and weights of a text encoder: CLIP (alone or as part of the model with two towers), BERT, RoBERTa, XLM-RoBERTa, T5 (alone or as
 * part of the whole), or the BERT inside an open_clip model such as BiomedCLIP.
 *
 * @param variant such as `fp16`, where the folder has its file
 * @throws FileError where the folder holds another kind of model, or its tensors are not those of its config
 */
export async function loadTextEncoderModel(folder: string, variant?: string): Promise<LoadedTextEncoder> {
  const { config, form, contextLength } = await readTextEncoderConfig(folder);
  if (form === 'clip-towers') return await loadClipTower(folder, config as ClipTextConfig, variant);
  if (form === 'open_clip') return { ...(await loadOpenClip(folder, config as BertConfig)), contextLength };
  return await familyOf(config).load(folder, variant);
}

/** The text tower's config out of both towers'. */
function towerConfig({ text_config, projection_dim }: ClipConfig): ClipTextConfig {
  return {
    ...text_config,
    model_type: 'clip_text_model',
    ...(projection_dim === undefined ? {} : { projection_dim }),
    architectures: ['CLIPTextModelWithProjection'],
  };
}

/** The text tower of CLIPModel, with its projection. */
async function loadClipTower(folder: string, config: ClipTextConfig, variant?: string): Promise<LoadedTextEncoder> {
  const ignored: string[] = [];
  const params = await loadParameters<ClipTextParams>(folder, {
    file: 'model',
    variant,
    expected: clipTextShapes(config),
    rename: (key) => {
      if (key.endsWith('.position_ids')) return undefined;
      if (!/^(vision_model\.|visual_projection\.|logit_scale$)/.test(key)) return key;
      ignored.push(key);
      return undefined;
    },
  });
  return { config, params, ignored };
}

async function readOpenClip(folder: string, path: string): Promise<TextEncoderFolder> {
  const { hf_model_name: name, context_length: contextLength } = (await readObject<OpenClipConfig>(path)).model_cfg?.text_cfg ?? {};
  if (name === undefined)
    throw new FileError(
      path,
      "its text encoder is open_clip's own, which is not supported; get the same model in transformers' form, with config.json and model.safetensors",
    );
  checkContent(path, () => checkSettings('text_cfg', { context_length: contextLength }, { context_length: optional(is.whole(1)) }));
  const configPath = join(folder, 'config.json');
  const json = existsSync(configPath) ? await readObject<Partial<BertConfig>>(configPath) : {};
  if (json.model_type === undefined && !BERT_BASE.test(name))
    throw new FileError(path, `its text encoder is ${name}; put that model's config.json into this folder, so that its sizes are known`);
  const config = json.model_type === undefined ? ({ model_type: 'bert' } as const) : (json as BertConfig);
  checkContent(configPath, () => completeBertConfig(config));
  return { config, form: 'open_clip', contextLength };
}

/** The BERT of an open_clip model: its keys have the prefix `text.transformer.`; its projection to the images' space is not read. */
async function loadOpenClip(folder: string, config: BertConfig): Promise<LoadedTextEncoder> {
  const file = existsSync(join(folder, 'open_clip_model.safetensors')) ? 'open_clip_model' : 'open_clip_pytorch_model';
  const loaded = await readBert(folder, file, config, (key) =>
    key.startsWith('text.transformer.') ? bertKey(key.slice('text.transformer.'.length)) : undefined,
  );
  const strange = loaded.ignored.filter((key) => !/^(visual\.|text\.proj\.|text\.transformer\.|logit_scale$|logit_bias$)/.test(key));
  if (strange.length === 0) return loaded;
  dispose(loaded.params);
  throw new FileError(
    join(folder, `${file}.safetensors`),
    `holds tensors of no known part of an open_clip model: ${strange.slice(0, 5).join(', ')}`,
  );
}

/** Writes a folder that transformers reads, by the config's class. */
export async function saveTextEncoder(folder: string, model: TextEncoderModel): Promise<void> {
  await familyOf(model.config).save(folder, model);
}
