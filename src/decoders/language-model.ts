/** Language models of every kind behind one face, and their folders. */

import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import type { Tree } from '../engine';
import { readObject } from '../files';
import { loadParameters, mustStayNarrow } from '../files/internal';
import { type BertLmConfig, type BertLmParams, bertLm, bertLmShapes, completeBertLmConfig } from './bert-lm';
import { completeGpt2Config, type Gpt2Config, type Gpt2Params, gpt2, gpt2Shapes } from './gpt2';
import { type CompleteLlamaConfig, completeLlamaConfig, type LlamaConfig, type LlamaParams, llama, llamaShapes } from './llama';
import type { DecoderInputs, DecoderOutput } from './pass';
import { type CompletePhiConfig, completePhiConfig, type PhiConfig, type PhiParams, phi, phiShapes } from './phi';
import type { R2GenConfig } from './r2gen/config';

export type LanguageModelConfig = LlamaConfig | PhiConfig | Gpt2Config | BertLmConfig | R2GenConfig;

/** What a caller must know of a model. */
export interface LanguageModelFacts {
  readonly vocabulary: number;
  readonly layers: number;
  /** Channels of a layer's keys, and of its values. */
  readonly keyWidth: number;
  /** Channels of one head of them. */
  readonly headSize: number;
  /** Positions that it can have. */
  readonly longest: number;
  /** How far a token sees, where not to the beginning. */
  readonly window?: number;
}

export interface LanguageModel<P extends Tree = Tree> {
  readonly config: LanguageModelConfig;
  /** The caller disposes it. */
  readonly params: P;
  readonly facts: LanguageModelFacts;
  /** Of a model with a memory: that of before the first token, [rows, S]; the caller disposes it. */
  firstState?(rows: number): tf.Tensor2D;
  /** A pass, with weights that may be replaced. */
  forward(params: P, inputs: DecoderInputs): DecoderOutput;
}

/** Every parameter's shape by its key. @throws RangeError where the config is of another network */
export function languageModelShapes(config: LanguageModelConfig): Record<string, number[]> {
  if (config.model_type === 'gpt2') return gpt2Shapes(config);
  if (config.model_type === 'llama' || config.model_type === 'mistral') return llamaShapes(config);
  if (config.model_type === 'phi') return phiShapes(config);
  if (config.model_type === 'bert') return bertLmShapes(config);
  throw new RangeError(`language model: model_type: expected llama, mistral, phi, gpt2 or bert, got ${JSON.stringify(config.model_type)}`);
}

/** Of a model whose keys have heads of their own, each for several of the queries. */
const groupedFacts = (c: CompleteLlamaConfig | CompletePhiConfig): LanguageModelFacts => ({
  vocabulary: c.vocab_size,
  layers: c.num_hidden_layers,
  keyWidth: c.num_key_value_heads * c.head_dim,
  headSize: c.head_dim,
  longest: c.max_position_embeddings,
});

/** A model of its config and weights. */
export function languageModel(config: LanguageModelConfig, params: Tree): LanguageModel {
  if (config.model_type === 'gpt2') {
    const { vocab_size, n_layer, n_embd, n_head, n_positions } = completeGpt2Config(config);
    const facts = { vocabulary: vocab_size, layers: n_layer, keyWidth: n_embd, headSize: n_embd / n_head, longest: n_positions };
    return { config, params, facts, forward: (p, inputs) => gpt2(config, p as Gpt2Params, inputs) };
  }
  if (config.model_type === 'llama' || config.model_type === 'mistral') {
    const c = completeLlamaConfig(config);
    return {
      config,
      params,
      facts: { ...groupedFacts(c), window: c.window },
      forward: (p, inputs) => llama(config, p as LlamaParams, inputs),
    };
  }
  if (config.model_type === 'phi') {
    return { config, params, facts: groupedFacts(completePhiConfig(config)), forward: (p, inputs) => phi(config, p as PhiParams, inputs) };
  }
  const bert = config as BertLmConfig;
  const c = completeBertLmConfig(bert);
  const facts = {
    vocabulary: c.vocab_size,
    layers: c.num_hidden_layers,
    keyWidth: c.hidden_size,
    headSize: c.hidden_size / c.num_attention_heads,
    longest: c.max_position_embeddings,
  };
  return { config, params, facts, forward: (p, inputs) => bertLm(bert, p as BertLmParams, inputs) };
}

/** Tables 0, 1, 2 … and masks that old files list, and outputs that are tied to the embeddings. */
const PASSED_OVER =
  /(rotary_emb\.inv_freq|\.attn\.(bias|masked_bias)|\.crossattention\.(bias|masked_bias)|position_ids|cls\.predictions\.decoder\.(weight|bias))$/;

export interface LoadLanguageModelOptions {
  /** Matrices that the files have in 16 bits stay so: half the memory, slower. By default where float32 does not fit. */
  readonly narrow?: boolean;
}

/**
 * Reads a folder of transformers' LlamaForCausalLM, MistralForCausalLM, PhiForCausalLM, GPT2LMHeadModel or BertLMHeadModel.
 *
 * @throws FileError where the config asks for another network than is computed here, the weights do not fit into memory, or tensors are missing, unexpected or
 *   wrongly shaped
 */
export async function loadLanguageModel(folder: string, options: LoadLanguageModelOptions = {}): Promise<LanguageModel> {
  const file = join(folder, 'config.json');
  const config = await readObject<LanguageModelConfig>(file, languageModelShapes);
  const expected = languageModelShapes(config);
  const rename = (key: string): string | undefined => {
    const isTied = key === 'lm_head.weight' && !('lm_head.weight' in expected);
    return isTied || PASSED_OVER.test(key) ? undefined : key;
  };
  const narrow = options.narrow ?? (await mustStayNarrow(file, folder, expected, rename));
  return languageModel(config, await loadParameters(folder, { file: 'model', expected, rename, narrow }));
}
