/** Llama models of GGUF files: their weights under transformers' names, and their tokenizers. */

import * as tf from '@tensorflow/tfjs-core';
import { dispose, unflatten } from '../engine';
import { checkContent, FileError } from '../files';
import { type GgufFile, openGguf, toEngineLayout } from '../files/internal';
import { byteLevelText, byteLevelTokenizer } from '../tokenizers/internal';
import type { ChatModel } from './chat-model';
import { chatTemplate } from './chat-template';
import { languageModel } from './language-model';
import { type LlamaConfig, type LlamaParams, llamaShapes } from './llama';

/** Parts of a layer. */
const PARTS: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  ffn_norm: 'post_attention_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/** transformers' name of a tensor; undefined for one that is not read. */
function nameOf(tensor: string): string | undefined {
  if (tensor === 'token_embd.weight') return 'model.embed_tokens.weight';
  if (tensor === 'output_norm.weight') return 'model.norm.weight';
  if (tensor === 'output.weight') return 'lm_head.weight';
  const [, layer, part] = /^blk\.(\d+)\.(\w+)\.weight$/.exec(tensor) ?? [];
  return part !== undefined && part in PARTS ? `model.layers.${layer}.${PARTS[part]}.weight` : undefined;
}

function configOf({ path, metadata, tensors }: GgufFile): LlamaConfig {
  if (metadata['general.architecture'] !== 'llama')
    throw new FileError(path, `its general.architecture: expected "llama", got ${JSON.stringify(metadata['general.architecture'])}`);
  const number = (key: string): number => {
    const value = metadata[`llama.${key}`];
    if (typeof value !== 'number') throw new FileError(path, `its llama.${key}: expected a number, got ${JSON.stringify(value)}`);
    return value;
  };
  return {
    model_type: 'llama',
    vocab_size: (metadata['tokenizer.ggml.tokens'] as readonly string[]).length,
    hidden_size: number('embedding_length'),
    intermediate_size: number('feed_forward_length'),
    num_hidden_layers: number('block_count'),
    num_attention_heads: number('attention.head_count'),
    num_key_value_heads: number('attention.head_count_kv'),
    max_position_embeddings: number('context_length'),
    rms_norm_eps: Number(number('attention.layer_norm_rms_epsilon').toPrecision(6)), // written in float32
    rope_theta: number('rope.freq_base'),
    tie_word_embeddings: !tensors.includes('output.weight'),
  };
}

/** Rows of queries and keys: a file has the two halves of each head, which are turned against each other, in turns. */
function halvesApart(data: Float32Array, rows: number, heads: number): Float32Array {
  const [columns, size] = [data.length / rows, rows / heads];
  const out = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    const [head, within] = [Math.floor(row / size), row % size];
    const to = head * size + (within % 2) * (size / 2) + (within >> 1);
    out.set(data.subarray(row * columns, (row + 1) * columns), to * columns);
  }
  return out;
}

/** The kind of tokens that are found before anything else, in ggml's numbers. */
const CONTROL = 3;

function tokenizerOf({ path, metadata }: GgufFile): Pick<ChatModel, 'tokenizer' | 'text' | 'chat'> {
  const at = (key: string): unknown => metadata[`tokenizer.${key}`];
  if (at('ggml.model') !== 'gpt2')
    throw new FileError(path, `its tokenizer.ggml.model: expected "gpt2", got ${JSON.stringify(at('ggml.model'))}`);
  const [tokens, merges, kinds] = ['tokens', 'merges', 'token_type'].map((key) => at(`ggml.${key}`)) as [string[], string[], number[]];
  const special = kinds.flatMap((kind, id) => (kind === CONTROL ? [id] : []));
  const end = at('ggml.eos_token_id');
  const padding = Number(at('ggml.padding_token_id') ?? end ?? 0);
  const splitDigits = at('ggml.pre') !== 'gpt-2'; // smollm's way, and that of other recent models
  const maxLength = Number(metadata['llama.context_length']);
  const template = at('chat_template');
  const named = (role: string): string | undefined => tokens[Number(at(`ggml.${role}_token_id`))];
  return {
    tokenizer: byteLevelTokenizer(path, {
      tokens,
      merges,
      special,
      splitDigits,
      padding,
      maxLength,
      ...(end !== undefined && { end: Number(end) }),
    }),
    text: (ids) => byteLevelText({ tokens, special }, ids),
    ...(typeof template === 'string' && {
      chat: checkContent(path, () => chatTemplate(template, { bos_token: named('bos'), eos_token: named('eos') })),
    }),
  };
}

/**
 * Reads a Llama model of a GGUF file as float32.
 *
 * @returns the caller disposes its `params`
 * @throws FileError where the file is damaged, or of another network or tokenizer
 */
export async function loadGgufModel(path: string): Promise<ChatModel> {
  const file = await openGguf(path);
  const flat: Record<string, tf.Tensor> = {};
  try {
    const config = configOf(file);
    const shapes = llamaShapes(config);
    for (const tensor of file.tensors) {
      const name = nameOf(tensor);
      if (name === undefined || !(name in shapes)) throw new FileError(path, `holds a tensor that its settings do not describe: ${tensor}`);
      const { shape, data } = await file.read(tensor);
      const heads = /attn_([qk])\./.exec(tensor)?.[1] === 'q' ? config.num_attention_heads! : config.num_key_value_heads!;
      const values = /attn_[qk]\./.test(tensor) ? halvesApart(data as Float32Array, shape[0]!, heads) : data;
      const laidOut = toEngineLayout(name, shape, values);
      flat[name] = tf.tensor(laidOut.data, laidOut.shape);
    }
    const missing = Object.keys(shapes).find((name) => !(name in flat));
    if (missing) throw new FileError(path, `lacks the tensor of ${missing}`);
    return { ...languageModel(config, unflatten<LlamaParams>(flat)), ...tokenizerOf(file) };
  } catch (error) {
    dispose(flat);
    throw error;
  } finally {
    await file.close();
  }
}
