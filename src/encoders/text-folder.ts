/** Text encoders from the folders that they are published in; the class follows from `config.json`. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FileError, loadParameters, readJson } from '../files';
import type { BertConfig } from './bert-config';
import { bertKey, loadBert, readBert, saveBert } from './bert-files';
import type { ClipConfig, ClipTextConfig } from './clip-config';
import { loadClipText, saveClipText } from './clip-files';
import { type ClipTextParams, clipTextShapes } from './clip-text';
import { loadT5, saveT5 } from './t5-files';
import { type TextEncoderModel, textModelTypes } from './text-model';

/** An encoder from a folder. */
export interface LoadedTextEncoder extends TextEncoderModel {
  /** Tensors that belong to other parts (heads, a decoder, an image encoder), as the file names them. */
  readonly ignored: readonly string[];
  /** Most tokens a text by the folder's own word, where it gives one apart from the tokenizer. */
  readonly contextLength?: number;
}

/** What open_clip writes, as far as it is looked at. */
interface OpenClipConfig {
  readonly model_cfg?: { readonly text_cfg?: { readonly hf_model_name?: string; readonly context_length?: number } };
}

/** Models whose configs are BertConfig's defaults. */
const BERT_BASE = /(BiomedNLP-(BiomedBERT|PubMedBERT)-base-uncased|^bert-base-uncased|\/bert-base-uncased)/;

/**
 * Reads config and weights of a text encoder: CLIP (alone or as part of the model with two towers), BERT, RoBERTa, XLM-RoBERTa, T5 (alone or as
 * part of the whole), or the BERT inside an open_clip model such as BiomedCLIP.
 *
 * @throws FileError where the folder holds another kind of model, or its tensors are not those of its config
 */
export async function loadTextEncoderModel(folder: string): Promise<LoadedTextEncoder> {
  const openClip = join(folder, 'open_clip_config.json');
  if (existsSync(openClip)) return await loadOpenClip(folder, openClip);
  const path = join(folder, 'config.json');
  const config = (await readJson(path)) as { model_type?: string; architectures?: readonly string[]; text_config?: ClipTextConfig } | null;
  if (typeof config !== 'object' || config === null) throw new FileError(path, 'is not a JSON object');
  const architecture = config.architectures?.[0] ?? '';
  const type = config.model_type ?? (architecture.startsWith('CLIPText') ? 'clip_text_model' : undefined);
  switch (type) {
    case 'bert':
    case 'roberta':
    case 'xlm-roberta':
      return await loadBert(folder);
    case 't5':
    case 'mt5':
      return await loadT5(folder);
    case 'clip':
      if (config.text_config) return await loadClipTower(folder, config as ClipConfig);
      return { ...(await loadClipText(folder)), ignored: [] };
    case 'clip_text_model':
      return { ...(await loadClipText(folder)), ignored: [] };
    default:
      throw new FileError(
        path,
        `its model_type is ${JSON.stringify(type ?? null)}; expected that of a text encoder: ${textModelTypes.join(', ')}`,
      );
  }
}

/** The text tower of CLIPModel, with its projection. */
async function loadClipTower(folder: string, { text_config, projection_dim }: ClipConfig): Promise<LoadedTextEncoder> {
  const config: ClipTextConfig = {
    ...text_config,
    model_type: 'clip_text_model',
    ...(projection_dim === undefined ? {} : { projection_dim }),
    architectures: ['CLIPTextModelWithProjection'],
  };
  const ignored: string[] = [];
  const params = await loadParameters<ClipTextParams>(folder, {
    file: 'model',
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

/** The BERT of an open_clip model: its keys have the prefix `text.transformer.`; its projection to the images' space is not read. */
async function loadOpenClip(folder: string, path: string): Promise<LoadedTextEncoder> {
  const { hf_model_name: name, context_length: contextLength } = ((await readJson<OpenClipConfig>(path)) ?? {}).model_cfg?.text_cfg ?? {};
  if (name === undefined)
    throw new FileError(
      path,
      "its text encoder is open_clip's own, which is not supported; get the same model in transformers' form, with config.json and model.safetensors",
    );
  const own = join(folder, 'config.json');
  const given = existsSync(own) ? ((await readJson(own)) as Partial<BertConfig>) : {};
  if (given.model_type === undefined && !BERT_BASE.test(name))
    throw new FileError(path, `its text encoder is ${name}; put that model's config.json into this folder, so that its sizes are known`);
  const config = given.model_type === undefined ? ({ model_type: 'bert' } as const) : (given as BertConfig);
  const file = existsSync(join(folder, 'open_clip_model.safetensors')) ? 'open_clip_model' : 'open_clip_pytorch_model';
  const loaded = await readBert(folder, file, config, (key) =>
    key.startsWith('text.transformer.') ? bertKey(key.slice('text.transformer.'.length)) : undefined,
  );
  const strange = loaded.ignored.filter((key) => !/^(visual\.|text\.proj\.|text\.transformer\.|logit_scale$|logit_bias$)/.test(key));
  if (strange.length === 0) return { ...loaded, ...(contextLength === undefined ? {} : { contextLength }) };
  throw new FileError(
    join(folder, `${file}.safetensors`),
    `holds tensors of no known part of an open_clip model: ${strange.slice(0, 5).join(', ')}`,
  );
}

/** Writes a folder that transformers reads, by the config's class. */
export async function saveTextEncoder(folder: string, model: TextEncoderModel): Promise<void> {
  const { config, params } = model;
  switch (config.model_type) {
    case 'bert':
    case 'roberta':
    case 'xlm-roberta':
      return await saveBert(folder, { config, params: params as Parameters<typeof saveBert>[1]['params'] });
    case 't5':
    case 'mt5':
      return await saveT5(folder, { config, params: params as Parameters<typeof saveT5>[1]['params'] });
    default:
      return await saveClipText(folder, { config, params: params as ClipTextParams });
  }
}
