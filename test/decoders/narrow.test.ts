import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { generate, initLlama, initPhi, type LlamaConfig, loadLanguageModel, type PhiConfig } from 'roentgen-lab/decoders';
import { dispose, flatten, key, type Tree } from 'roentgen-lab/engine';
import { isNarrow } from '#engine/internal';
import { fileShape } from '#files/internal';
import { assertClose, noLeaks, tempDir } from '../support';

/** A safetensors file with a tensor of each shape, all of one format of 16 bits: values between 1/32 and 2 of both signs. */
function writeHalves(path: string, params: Tree, dtype: 'F16' | 'BF16'): void {
  let at = 0;
  const pieces: Uint8Array[] = [];
  const header: Record<string, unknown> = {};
  const [exponent, lowest] = dtype === 'F16' ? [10, 10] : [7, 122];
  Object.entries(flatten(params)).forEach(([name, tensor], n) => {
    const shape = fileShape(name, tensor.shape);
    const bits = Uint16Array.from({ length: tensor.size }, (_, i) => {
      const noise = Math.imul(i + 1, 2654435761) + Math.imul(n + 1, 40503);
      return (((noise >>> 3) & 1) << 15) | ((lowest + ((noise >>> 5) % 6)) << exponent) | ((noise >>> 9) & (2 ** exponent - 1));
    });
    pieces.push(new Uint8Array(bits.buffer));
    header[name] = { dtype, shape, data_offsets: [at, at + 2 * bits.length] };
    at += 2 * bits.length;
  });
  const text = Buffer.from(JSON.stringify(header).padEnd(Math.ceil(JSON.stringify(header).length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, ...pieces]));
}

const sizes = {
  vocab_size: 12,
  hidden_size: 16,
  intermediate_size: 20,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 32,
};
const llama: LlamaConfig = { model_type: 'llama', ...sizes, num_key_value_heads: 2, initializer_range: 0.4 };

for (const [name, config, dtype] of [
  ['Llama in bfloat16', llama, 'BF16'],
  ['Llama in float16, tied to its embeddings', { ...llama, tie_word_embeddings: true }, 'F16'],
  ['Phi in bfloat16', { model_type: 'phi', ...sizes, initializer_range: 0.4 } as PhiConfig, 'BF16'],
] as const)
  test(
    `${name}: matrices of 16 bits that stay so give the same logits and the same text in half the memory`,
    noLeaks(async (t) => {
      const folder = tempDir(t);
      const params = (config.model_type === 'phi' ? initPhi(config, key(1)) : initLlama(config as LlamaConfig, key(1))) as Tree;
      writeHalves(join(folder, 'model.safetensors'), params, dtype);
      writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
      const [wide, narrow] = [await loadLanguageModel(folder), await loadLanguageModel(folder, { narrow: true })];
      const bytes = (model: typeof wide): number => Object.values(flatten(model.params)).reduce((sum, { size }) => sum + 4 * size, 0);
      assert.ok(bytes(narrow) < 0.6 * bytes(wide), `${bytes(narrow)} of ${bytes(wide)} bytes`);
      for (const leaf of Object.values(flatten(narrow.params))) assert.equal(isNarrow(leaf), leaf.rank > 1);
      const inputs = {
        ids: tf.tensor2d([[3, 1, 4, 1, 5]], undefined, 'int32'),
        positions: tf.tensor2d([[0, 1, 2, 3, 4]], undefined, 'int32'),
        scores: tf.zeros([1, 1, 5, 5]) as tf.Tensor4D,
      };
      const [a, b] = [wide, narrow].map((model) => model.forward(model.params, inputs));
      assertClose(b!.logits, a!.logits, 0);
      const options = { maxNewTokens: 5, end: -1, padding: 0 };
      assert.deepEqual(generate(narrow, { ids: [[3, 1]] }, options).sequences, generate(wide, { ids: [[3, 1]] }, options).sequences);
      dispose(params, wide.params, narrow.params, inputs, a as unknown as Tree, b as unknown as Tree);
    }),
  );
