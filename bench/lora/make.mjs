// A tiny model with adapters and new tokens, and what it says with them: see compare.py.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs-core');
const { cloneTree, foldIn, key, mapTree, normal, scope, startEngine } = require('roentgen-lab/engine');
const { addTokens, initLora, runTextEncoder, saveLearnedEmbeds, vectorTokens, withLora } = require('#pipelines/internal');
const { encodePrompts, saveLora, saveModel } = require('roentgen-lab/pipelines');
const { unet } = require('roentgen-lab/unet');
const { tinyModel } = require('../../build/test/pipelines/tiny-model.js');

const [folder] = process.argv.slice(2);
const options = { rank: 3, alpha: 6, parts: ['unet', 'textEncoder'] };
await startEngine();
const model = tinyModel();
const io = { rank: options.rank, alpha: options.alpha };
const put = (name, x) => {
  io[name] = { shape: x.shape, values: [...x.dataSync()] };
};
mkdirSync(folder, { recursive: true });
model.unet = { ...model.unet, config: { ...model.unet.config, out_channels: 4 } };
await saveModel(model, join(folder, 'model'));

const inverted = { ...model, textEncoder: { ...model.textEncoder, params: cloneTree(model.textEncoder.params) } };
addTokens(inverted, vectorTokens('<cxr>', 2), 'left pleural effusion');
await saveLearnedEmbeds(inverted, '<cxr>', 2, join(folder, 'learned_embeds.safetensors'));
io.inverted = { values: [...inverted.tokenizer.encode('<cxr> <cxr>_1 left').ids] };
put('invertedContext', encodePrompts(inverted, ['<cxr> <cxr>_1 left']).context);

const trees = { unet: model.unet.params, textEncoder: model.textEncoder.params };
const adapters = mapTree((leaf, path) => tf.mul(normal(foldIn(key(4), path.length), leaf.shape), 0.3), initLora(trees, options, key(2)));
const both = scope(() => cloneTree(withLora(trees, adapters, options)));
model.unet = { ...model.unet, params: both.unet };
model.textEncoder = { ...model.textEncoder, params: both.textEncoder };
await saveLora(model, join(folder, 'pytorch_lora_weights.safetensors'));

const ids = tf.tensor2d(model.tokenizer.encode('left pleural effusion').ids, [1, model.tokenizer.maxLength], 'int32');
const [x, t] = [normal(key(7), [1, 8, 8, 4]), tf.tensor1d([317])];
const context = runTextEncoder(model, ids);
put('ids', ids);
put('x', x);
put('t', t);
put('context', context);
put('out', unet(model.unet.config, model.unet.params, x, t, context));
writeFileSync(join(folder, 'io.json'), JSON.stringify(io));
