/** Adapters from files, of this library and of others (`names.ts`). */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type FlatTree, flatten, type Tree, unflatten } from '../../engine';
import { merge } from '../../engine/internal';
import { FileError } from '../../files';
import { openSafetensors, parseJson, readJson, toEngineLayout } from '../../files/internal';
import { mergedWeight } from '../../nn/internal';
import { expectWeights, type Model } from '../model';
import { checkLoraConfig, type LoraConfig, loraScale } from './config';
import { hasLora, type LoraPart, parts, runsAdapter } from './lora';
import { describeNames, type LoraTensor, loraNames, otherMethod } from './names';

export interface LoadLoraOptions {
  /** What all adapters are multiplied by beside their own strength; 0 has no effect, below 0 is the opposite one. 1 by default. */
  readonly strength?: number;
}

type Source = Awaited<ReturnType<typeof openSafetensors>>;
/** The keys of one layer's tensors. */
type LayerKeys = Partial<Record<LoraTensor, string>>;

/**
 * Puts a file's adapters on a model that has none: diffusers', PEFT's (with `adapter_config.json` beside the file) and kohya's, on attention and on any other
 * linear or convolution layer. Their strength is what the file states: tensors `….alpha`, or the header's LoraConfig with its patterns; where it states
 * none, alpha is the rank. Several files add up where each is merged before the next (`mergeLora`).
 *
 * @throws FileError naming tensors that fit no layer of the model, or what in the config or by its tensors is no plain adapter; RangeError where the model has
 *                   adapters already, or the strength is not a number
 */
export async function loadLora(model: Model, file: string, { strength = 1 }: LoadLoraOptions = {}): Promise<void> {
  if (!Number.isFinite(strength)) throw new RangeError(`loadLora: strength: expected a number, got ${strength}`);
  expectWeights(model, 'loadLora');
  if (hasLora(model.unet.params) || hasLora(model.textEncoder.params))
    throw new RangeError('loadLora: the model has adapters already; mergeLora or removeLora first');
  const layers: Record<LoraPart, FlatTree> = { unet: flatten(model.unet.params), textEncoder: flatten(model.textEncoder.params) };
  const source = await openSafetensors(file);
  const added: FlatTree = {};
  try {
    const keysByLayer = findLayers(file, source, layers);
    const configs = await readConfigs(file, source);
    for (const [id, keys] of keysByLayer) {
      const [part, layer] = id.split(' ') as [LoraPart, string];
      const weight = layers[part][`${layer}.weight`] as tf.Tensor2D;
      const a = await readFor(weight, source, keys.lora_A!);
      added[`${part}.${layer}.lora_A.weight`] = a;
      const b = await readFor(weight, source, keys.lora_B!);
      added[`${part}.${layer}.lora_B.weight`] = b;
      expectFit(file, keys, weight, a, b);
      const rank = a.shape.at(-1)!;
      const alpha = keys.alpha === undefined ? undefined : ((await source.read(keys.alpha)) as Float32Array)[0]!;
      const scale = alpha === undefined ? loraScale(file, configs[part], layer, rank) : alpha / rank;
      const scalar = tf.scalar(scale * strength);
      added[`${part}.${layer}.lora_scale`] = scalar;
      if (runsAdapter(layer, weight)) continue;
      added[`${part}.${layer}.lora_base`] = tf.clone(weight);
      added[`${part}.${layer}.weight`] = mergedWeight({ weight, lora_A: { weight: a }, lora_B: { weight: b }, lora_scale: scalar });
    }
  } catch (error) {
    tf.dispose(added);
    throw error;
  } finally {
    await source.close();
  }
  const tree = unflatten<Partial<Record<LoraPart, Tree>>>(added);
  for (const part of Object.keys(parts) as LoraPart[]) {
    if (!tree[part]) continue;
    const replaced = Object.keys(flatten(tree[part])).flatMap((path) => layers[part][path] ?? []);
    model[part] = { ...model[part], params: merge(model[part].params as Tree, tree[part]) } as never;
    tf.dispose(replaced);
  }
}

/** Each layer's keys; the map's keys are network and layer, with a space between. */
function findLayers(file: string, source: Source, layers: Readonly<Record<LoraPart, FlatTree>>): Map<string, LayerKeys> {
  const nameOf = loraNames(layers);
  const found = new Map<string, LayerKeys>();
  const strangers: string[] = [];
  for (const key of source.keys) {
    const method = otherMethod(key);
    if (method)
      throw new FileError(file, `${key}: this is ${method}; plain LoRA alone is supported. Fuse it into the model where it was trained.`);
    const name = nameOf(key);
    if (!name) {
      strangers.push(key);
      continue;
    }
    const id = `${name.part} ${name.layer}`;
    const keys = found.get(id) ?? {};
    if (keys[name.tensor] !== undefined)
      throw new FileError(file, `${keys[name.tensor]} and ${key} are both ${name.tensor} of ${name.layer}; one file holds one adapter`);
    found.set(id, { ...keys, [name.tensor]: key });
  }
  if (strangers.length > 0)
    throw new FileError(
      file,
      `${strangers.length} of ${source.keys.length} tensors fit no layer of the model, first ${strangers.slice(0, 3).join(', ')}; ` +
        `${describeNames(source.keys)}. It is of a model of another kind or size, or was written under other names: load it in diffusers with the model it ` +
        'was made for, and save it with save_lora_weights.',
    );
  if (found.size === 0) throw new FileError(file, 'holds no adapters');
  for (const [, keys] of found)
    for (const [one, other] of [
      ['lora_A', 'lora_B'],
      ['lora_B', 'lora_A'],
    ] as const)
      if (keys[one] === undefined) throw new FileError(file, `has ${keys[other] ?? keys.alpha}, but no ${one} beside it`);
  return found;
}

/** The LoraConfig of each network: in diffusers' header under its name, of PEFT beside the file. */
async function readConfigs(file: string, source: Source): Promise<Record<LoraPart, LoraConfig>> {
  const header = parseJson<LoraConfig>(file, source.metadata.lora_adapter_metadata ?? '{}');
  const beside = join(dirname(file), 'adapter_config.json');
  const shared =
    source.keys.some((key) => key.startsWith('base_model.model.')) && existsSync(beside) ? await readJson<LoraConfig>(beside) : {};
  const configOf = (name: string): LoraConfig => {
    const entries = Object.entries(header).filter(([key]) => key.startsWith(`${name}.`));
    const config = { ...shared, ...Object.fromEntries(entries.map(([key, value]) => [key.slice(name.length + 1), value])) };
    checkLoraConfig(Object.keys(shared).length > 0 ? beside : file, config);
    return config;
  };
  return { unet: configOf(parts.unet), textEncoder: configOf(parts.textEncoder) };
}

/** A tensor in the engine's layout, with as many axes as the layer's weight: 1 × 1 convolutions and linear layers stand for each other. */
async function readFor(weight: tf.Tensor, source: Source, key: string): Promise<tf.Tensor2D> {
  const { shape } = source.info(key);
  const { shape: laid, data } = toEngineLayout('adapter.weight', shape, await source.read(key));
  const pointwise = laid.slice(0, -2).every((taps) => taps === 1);
  const axes: number[] = weight.rank === laid.length || !pointwise ? laid : [...Array(weight.rank - 2).fill(1), ...laid.slice(-2)];
  return tf.tensor(data, axes as [number, number], 'float32');
}

function expectFit(file: string, keys: LayerKeys, weight: tf.Tensor, a: tf.Tensor, b: tf.Tensor): void {
  const [inputs, outputs] = weight.shape.slice(-2);
  const taps = (x: tf.Tensor): string => x.shape.slice(0, -2).join(' × ');
  const fits =
    a.rank === weight.rank &&
    b.rank === weight.rank &&
    taps(a) === taps(weight) &&
    b.shape.slice(0, -2).every((tap) => tap === 1) &&
    a.shape.at(-2) === inputs &&
    b.shape.at(-1) === outputs &&
    a.shape.at(-1) === b.shape.at(-2);
  if (!fits)
    throw new FileError(
      file,
      `${keys.lora_A} and ${keys.lora_B}: A [${a.shape}] and B [${b.shape}] are no adapter of a weight [${weight.shape}] (engine's layout); ` +
        'the adapter is of a model of another size',
    );
}
