/** Checks what leads from image encoders to language models: Q-Former, resamplers, LLaVA's projector and tokens; outputs, losses and gradients. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  type FlamingoResamplerConfig,
  type FlamingoResamplerParams,
  flamingoResampler,
  type LlavaConfig,
  type LlavaParams,
  llava,
  type PerceiverConfig,
  type PerceiverParams,
  perceiver,
  type QFormerConfig,
  type QFormerParams,
  qformer,
} from '../bridges';
import { flamingoResamplerKey, flamingoResamplerShapes, llavaKey, llavaShapes, perceiverShapes, qformerShapes } from '../bridges/internal';
import { nextTokenLoss } from '../decoders';
import { causalScores } from '../decoders/internal';
import { dispose, scope, type Tree, valueAndGrad } from '../engine';
import { readSafetensors } from '../files';
import { loadParameters, readJson } from '../files/internal';
import { type Checker, type Measure, Unsupported } from './checker';
import { compareGradients, expectSupported, type Fixture, fixtureImage, fixtureTensor, fromRows, has, type NoiseLevels } from './fixture';
import { listCases } from './list';
import { rel, relative } from './measure';

const OUTPUT = 5e-5;
const GRADIENT = 1e-4;
const LOSS = 1e-5;

type Rows = readonly (readonly number[])[];

interface Case {
  readonly class: string;
  readonly gradient: { readonly value: number; readonly noise_level: NoiseLevels };
  readonly attention_mask?: Rows;
  readonly image_attention_mask?: Rows | null;
  readonly input_ids?: Rows;
  readonly position_ids?: Rows;
  readonly labels?: Rows;
}

/** The network of one kind of case. */
interface Kind {
  /** Every parameter's shape by its key. */
  shapes(config: never): Record<string, number[]>;
  /** From the file's key to the tree's. */
  readonly rename?: (key: string) => string;
  /** Float inputs by their names in the file. */
  inputs(fixture: Fixture): Record<string, tf.Tensor>;
  /** Outputs by their names in the file, and the loss. */
  run(given: { config: never; params: Tree; inputs: Record<string, tf.Tensor>; spec: Case }): {
    loss: tf.Scalar;
    outputs: Record<string, tf.Tensor>;
  };
}

const meanSquare = (x: tf.Tensor): tf.Scalar => tf.mean(tf.square(x)) as tf.Scalar;

const blip2: Kind = {
  shapes: (config: QFormerConfig) => qformerShapes(config),
  inputs: (fixture) => ({ query_tokens: fixtureTensor(fixture, 'query_tokens'), image_features: fixtureTensor(fixture, 'image_features') }),
  run: ({ config, params, inputs, spec }) => {
    const { image_attention_mask: seen, input_ids, attention_mask } = spec;
    const text = input_ids && { ids: fromRows(input_ids, 'int32'), mask: fromRows(attention_mask!, 'float32') };
    const {
      queries,
      text: ofText,
      hiddenStates,
    } = qformer(config, params as QFormerParams, inputs.query_tokens as tf.Tensor3D, inputs.image_features as tf.Tensor3D, {
      imageMask: seen ? fromRows(seen, 'float32') : undefined,
      text,
    });
    const shown = text && tf.expandDims(text.mask, 2);
    return {
      loss: meanSquare(queries),
      outputs: { query_output: queries, 'hidden_states.1': hiddenStates[1]!, ...(ofText && { text_output: tf.mul(ofText, shown!) }) },
    };
  },
};

const idefics2: Kind = {
  shapes: (config: PerceiverConfig) => perceiverShapes(config),
  inputs: (fixture) => ({ context: fixtureTensor(fixture, 'context') }),
  run: ({ config, params, inputs, spec }) => {
    const mask = spec.attention_mask && fromRows(spec.attention_mask, 'float32');
    const output = perceiver(config, params as PerceiverParams, inputs.context as tf.Tensor3D, mask);
    return { loss: meanSquare(output), outputs: { output } };
  },
};

const flamingo: Kind = {
  shapes: (config: FlamingoResamplerConfig) => flamingoResamplerShapes(config),
  rename: flamingoResamplerKey,
  inputs: idefics2.inputs,
  run: ({ config, params, inputs }) => {
    const output = flamingoResampler(config, params as FlamingoResamplerParams, inputs.context as tf.Tensor3D);
    return { loss: meanSquare(output), outputs: { output } };
  },
};

const llavaKind: Kind = {
  shapes: (config: LlavaConfig) => llavaShapes(config),
  rename: llavaKey,
  inputs: (fixture) => ({ pixel_values: fixtureImage(fixture, 'pixel_values') }),
  run: ({ config, params, inputs, spec }) => {
    const mask = spec.attention_mask!;
    const { features, projected, embeddings, logits } = llava(config, params as LlavaParams, {
      ids: fromRows(spec.input_ids!, 'int32'),
      positions: fromRows(spec.position_ids!, 'int32'),
      scores: causalScores({ mask, from: 0, length: mask[0]!.length }),
      pixels: inputs.pixel_values as tf.Tensor4D,
    });
    const loss = nextTokenLoss(logits, fromRows(spec.labels!, 'int32'));
    const shown = tf.mul(logits, tf.expandDims(fromRows(mask, 'float32'), 2));
    const outputs = { image_features: features, projected, inputs_embeds: embeddings, logits: shown, loss: tf.reshape(loss, [1]) };
    return { loss, outputs };
  },
};

/** By the beginning of the case's class. */
const kinds: Readonly<Record<string, Kind>> = {
  Blip2QFormerModel: blip2,
  Idefics2PerceiverResampler: idefics2,
  IdeficsPerceiverResampler: flamingo,
  LlavaForConditionalGeneration: llavaKind,
};

/** What a text's rows of padding say is nobody's concern. */
function maskedLike(key: string, want: tf.Tensor, spec: Case): tf.Tensor {
  return key === 'text_output' ? tf.mul(want, tf.expandDims(fromRows(spec.attention_mask!, 'float32'), 2)) : want;
}

async function* checkCase(folder: string, spec: Case, kind: Kind): AsyncGenerator<Measure> {
  const config = await readJson<never>(join(folder, 'config.json'));
  expectSupported(() => kind.shapes(config));
  const fixture = await readSafetensors(join(folder, 'fixture.safetensors'));
  const { rename } = kind;
  const params = await loadParameters(folder, { file: 'model', expected: kind.shapes(config), rename });
  // A Q-Former's text has its tables in a file of their own, and their gradient is not in the fixtures.
  const tables = has(folder, 'text_embeddings.safetensors') ? await loadParameters(join(folder, 'text_embeddings.safetensors')) : {};
  const inputs = kind.inputs(fixture);
  const result = valueAndGrad((given: { params: Tree; inputs: Record<string, tf.Tensor> }) => {
    const { loss, outputs } = kind.run({
      config,
      params: { ...(given.params as object), ...(tables as object) },
      inputs: given.inputs,
      spec,
    });
    return { loss, aux: outputs };
  })({ params, inputs });
  const ofInputs = Object.fromEntries(
    Object.entries(result.grads.inputs).map(([name, x]) => [`input.${name}`, x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : tf.clone(x)]),
  );
  try {
    for (const [key, got] of Object.entries(result.aux as Record<string, tf.Tensor>))
      yield scope(() => rel(key, got, maskedLike(key, fixtureTensor(fixture, key), spec), OUTPUT));
    yield relative('loss of the gradient', result.value, [spec.gradient.value], LOSS);
    yield await compareGradients(folder, result.grads.params, ofInputs, spec.gradient.noise_level, GRADIENT, rename);
  } finally {
    dispose(params, tables, inputs, result.value, result.grads, result.aux, ofInputs);
  }
}

export const bridgeChecker: Checker = {
  component: 'bridge',

  cases: listCases,

  async *check(folder, name) {
    const caseFolder = join(folder, name);
    if (!has(caseFolder, 'case.json')) throw new Unsupported('a case without case.json');
    const spec = await readJson<Case>(join(caseFolder, 'case.json'));
    const kind = kinds[spec.class.split(' ')[0]!];
    if (!kind) throw new Unsupported(`class ${spec.class}`);
    yield* checkCase(caseFolder, spec, kind);
  },
};
