/** Writing a model as one file that holds all there is of it (`packed-model.ts`), to be copied to any machine. */

import type * as tf from '@tensorflow/tfjs-core';
import { textEncoderFacts } from '../encoders/internal';
import { dispose, type FlatTree, flatten, type Tree } from '../engine';
import { FileError } from '../files';
import {
  disclaimer,
  fileShape,
  formatJson,
  parseObject,
  type TensorToWrite,
  toFileLayout,
  toHalves,
  writeSafetensorsLazily,
} from '../files/internal';
import { checkScheduler } from '../schedulers/internal';
import { completeUNetConfig } from '../unet/internal';
import { completeVaeConfig, vaeKeyBack } from '../vae/internal';
import { withoutLora } from './adapters';
import { checkModel, expectWeights, type Model } from './model';
import { modelCard } from './model-card';
import { LAYOUT, longest, MARK, PROJECTION_PREFIX, TEXTS, TOKENIZER, TOKENIZER_FILES } from './packed-model';
import { portableConfig, portableText } from './portable';
import { isPointwise, PREFIX, unetKeyBack } from './single-file-names';
import { textProjectionJson } from './text-projection';

export interface PackOptions {
  /** How weights are stored: 4 bytes each, or 2, rounded to 11 significant bits. Default fp16. */
  readonly dtype?: 'fp16' | 'fp32';
  /** The model card, Markdown; by default one is made of what the model itself says. */
  readonly card?: string | undefined;
}

/** A network's tensors with the names that they have in the file. */
interface Part {
  readonly prefix: string;
  readonly params: Tree;
  readonly nameOf: (key: string, keys: ReadonlySet<string>) => string;
}

/**
 * Writes a model as one safetensors file that `loadModel` opens: weights, configs, vocabulary and card, with no path of this machine. Adapters are worked into
 * the weights. The same model gives the same bytes.
 *
 * @param file replaced as a whole where it is there
 * @returns how many parameters the file holds
 * @throws FileError where it cannot be written, or a weight is not finite or too large for float16; RangeError where the parts do not fit each other
 */
export async function packModel(model: Model, file: string, { dtype = 'fp16', card }: PackOptions = {}): Promise<number> {
  expectWeights(model, 'packModel');
  checkModel(model, 'packModel');
  const metadata = textsOf(model, card ?? modelCard(model));
  for (const [name, text] of Object.entries(metadata))
    if (text.length > longest(name))
      throw new RangeError(`packModel: ${name} has ${text.length} characters, expected at most ${longest(name)}`);
  const unet: Tree = withoutLora(model.unet.params);
  const text: Tree = withoutLora(model.textEncoder.params as Tree);
  try {
    const layers = completeUNetConfig(model.unet.config).layers_per_block;
    const levels = completeVaeConfig(model.vae.config).block_out_channels.length;
    const nameOf = (key: string): string => key;
    const parts: Part[] = [
      { prefix: PREFIX.unet, params: unet, nameOf: (key, keys) => unetKeyBack(key, layers, keys) },
      { prefix: PREFIX.vae, params: model.vae.params, nameOf: (key) => vaeKeyBack(key, levels) },
      { prefix: PREFIX.text, params: text, nameOf },
      ...(model.textProjection ? [{ prefix: PROJECTION_PREFIX, params: model.textProjection.params, nameOf }] : []),
    ];
    const tensors = parts.flatMap((part) => tensorsOf(file, part, dtype));
    await writeSafetensorsLazily(file, tensors, metadata);
    return tensors.reduce((sum, [, { shape }]) => sum + shape.reduce((product, n) => product * n, 1), 0);
  } finally {
    dispose(unet, text);
  }
}

function tensorsOf(file: string, { prefix, params, nameOf }: Part, dtype: 'fp16' | 'fp32'): [string, TensorToWrite][] {
  const flat: FlatTree = flatten(params);
  const keys = new Set(Object.keys(flat));
  return Object.entries(flat).map(([key, tensor]): [string, TensorToWrite] => {
    const name = prefix + nameOf(key, keys);
    const fail = (why: string, cause?: unknown): FileError => new FileError(file, `was not written: ${name}: ${why}`, cause);
    const shape = fileShape(key, tensor.shape);
    const values = async (): Promise<Float32Array> => {
      const data = toFileLayout(key, tensor.shape, (await (tensor as tf.Tensor).data()) as Float32Array).data as Float32Array;
      const broken = data.findIndex((value) => !Number.isFinite(value));
      if (broken >= 0) throw fail(`value ${broken} is ${data[broken]}; the model is broken, train it again`);
      return data;
    };
    const halves = async (): Promise<Uint16Array> => {
      const data = await values();
      try {
        return toHalves(data);
      } catch (error) {
        throw fail(`${(error as Error).message}; pack it as fp32 (--dtype fp32)`, error);
      }
    };
    return [
      name,
      {
        shape: isPointwise(name) && shape.length === 2 ? [...shape, 1, 1] : shape,
        ...(dtype === 'fp16' ? { dtype: 'F16', data: halves } : { dtype: 'F32', data: values }),
      },
    ];
  });
}

/** All that the file says, by the names that it has in a model folder. */
function textsOf({ unet, vae, textEncoder, textProjection, tokenizer, schedulerConfig }: Model, card: string): Record<string, string> {
  const json = (config: object): string => formatJson(portableConfig(config));
  const text = { architectures: [textEncoderFacts(textEncoder.config).className], model_type: 'clip_text_model', ...textEncoder.config };
  const files = tokenizer?.files() ?? {};
  const vocabulary = TOKENIZER_FILES.filter((name) => files[name] !== undefined).map((name) => {
    const content = files[name]!;
    return [TOKENIZER + name, name === 'tokenizer_config.json' ? json(parseObject(name, content)) : content];
  });
  return {
    format: 'pt',
    [MARK]: LAYOUT,
    note: disclaimer,
    [TEXTS.unet]: json({ _class_name: 'UNet2DConditionModel', ...unet.config }),
    [TEXTS.vae]: json({ _class_name: 'AutoencoderKL', ...vae.config }),
    [TEXTS.text]: json(text),
    ...(textProjection && { [TEXTS.projection]: json(textProjectionJson(textProjection.config)) }),
    [TEXTS.scheduler]: json({ ...schedulerConfig, _class_name: checkScheduler(schedulerConfig) }),
    ...Object.fromEntries(vocabulary),
    [TEXTS.card]: portableText(card),
  };
}
