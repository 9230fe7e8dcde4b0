/** Checks language models: a pass and its gradient, the same in pieces through kept keys and values, greedy and beam search, processors of scores. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import {
  type DecoderInputs,
  type GenerateOptions,
  generate,
  type KeptKeys,
  type LanguageModel,
  type LanguageModelConfig,
  loadLanguageModel,
  nextTokenLoss,
  type Processor,
  processScores,
} from '../decoders';
import { causalScores, languageModelShapes, placesFrom, softmax } from '../decoders/internal';
import { paddingScores } from '../encoders/internal';
import { dispose, scope, type Tree, valueAndGrad } from '../engine';
import { readSafetensors } from '../files';
import { readJson } from '../files/internal';
import { type Checker, type Measure, Unsupported } from './checker';
import { compareGradients, expectSupported, type Fixture, fixtureTensor, fromRows, has, type NoiseLevels } from './fixture';
import { listCases } from './list';
import { absolute, exact, rel, relative } from './measure';

const OUTPUT = 5e-5;
const GRADIENT = 1e-4;
const LOSS = 1e-5;
const SCORES = 1e-4;
/** How often the reference's own rounding a difference may be: a negative length penalty multiplies sums of logarithms, and their rounding. */
const NOISE = 10;
const PROCESSED = 1e-5;

type Rows = readonly (readonly number[])[];

interface GenerationRun {
  readonly arguments: {
    readonly max_new_tokens: number;
    readonly num_beams?: number;
    readonly length_penalty?: number;
    readonly early_stopping?: boolean | 'never';
    readonly no_repeat_ngram_size?: number;
    readonly repetition_penalty?: number;
    readonly num_return_sequences?: number;
  };
  readonly sequences: Rows;
  readonly sequences_scores?: readonly number[];
  readonly noise_level?: NoiseLevels[string];
}

interface Case {
  readonly class: string;
  readonly input_ids: Rows;
  readonly attention_mask: Rows;
  readonly labels: Rows;
  readonly position_ids: Rows | null;
  readonly encoder_attention_mask?: Rows;
  readonly cache: { readonly pieces: readonly number[] };
  readonly gradient: { readonly value: number; readonly noise_level: NoiseLevels };
  readonly generation?: {
    readonly prompt: Rows;
    readonly attention_mask: Rows;
    readonly pad_token_id: number;
    readonly eos_token_id: number;
    readonly runs: Readonly<Record<string, GenerationRun>>;
  };
}

const CLASSES = ['LlamaForCausalLM', 'MistralForCausalLM', 'PhiForCausalLM', 'GPT2LMHeadModel', 'BertLMHeadModel'];

/** What cross-attention sees; in a memory scope. */
function contextOf(spec: Case, fixture: Fixture): Pick<DecoderInputs, 'context' | 'contextScores'> {
  if (!('encoder_hidden_states' in fixture)) return {};
  return {
    context: fixtureTensor<tf.Rank.R3>(fixture, 'encoder_hidden_states'),
    contextScores: paddingScores(fromRows(spec.encoder_attention_mask!, 'float32')),
  };
}

const columns = (rows: Rows, from: number, count: number): number[][] => rows.map((row) => row.slice(from, from + count));
const positionsOf = ({ position_ids, input_ids }: Case): Rows => position_ids ?? input_ids.map((row) => row.map((_, i) => i));

/** One pass over all tokens; in a memory scope. */
function wholePass({ facts }: LanguageModel, spec: Case, fixture: Fixture): DecoderInputs {
  return {
    ids: fromRows(spec.input_ids, 'int32'),
    positions: fromRows(positionsOf(spec), 'int32'),
    scores: causalScores({ mask: spec.attention_mask, from: 0, length: spec.input_ids[0]!.length, window: facts.window }),
    ...contextOf(spec, fixture),
  };
}

/** [B, T, width] as the reference keeps it, [B, heads, T, head size]; of a window its last places. */
function asKept(x: tf.Tensor3D, headSize: number, places: number): tf.Tensor {
  const [batch, length, width] = x.shape;
  const heads = tf.transpose(tf.reshape(x, [batch, length, width / headSize, headSize]), [0, 2, 1, 3]);
  return tf.slice(heads, [0, 0, length - places, 0], [-1, -1, places, -1]);
}

function* comparePass(model: LanguageModel, spec: Case, fixture: Fixture): Generator<Measure> {
  yield* scope(() => {
    const shown = tf.expandDims(fromRows(spec.attention_mask, 'float32'), 2);
    const compared = (key: string, got: tf.Tensor): Measure =>
      rel(key, tf.mul(got, shown), tf.mul(fixtureTensor(fixture, key), shown), OUTPUT);
    const { logits, hiddenStates, kept } = model.forward(model.params, wholePass(model, spec, fixture));
    const { headSize } = model.facts;
    const keys = kept.flatMap(({ k, v }, i) =>
      ([`cache.key.${i}`, `cache.value.${i}`] as const).map((name, which) => {
        const want = fixtureTensor(fixture, name);
        const places = want.shape[2]!;
        const mask = tf.reshape(fromRows(columns(spec.attention_mask, shown.shape[1]! - places, places), 'float32'), [-1, 1, places, 1]);
        return rel(name, tf.mul(asKept(which === 0 ? k : v, headSize, places), mask), tf.mul(want, mask), OUTPUT);
      }),
    );
    return [
      compared('logits', logits),
      compared('hidden_states.first_layer', hiddenStates[1]!),
      compared('hidden_states.last', hiddenStates.at(-1)!),
      ...keys,
    ];
  });
}

/** The same tokens piece by piece, keys and values kept in tensors of one shape. */
function* comparePieces(model: LanguageModel, spec: Case, fixture: Fixture): Generator<Measure> {
  yield scope(() => {
    const [batch, length] = [spec.input_ids.length, spec.input_ids[0]!.length];
    const capacity = length + 1; // a place that stays empty
    const empty = (): tf.Tensor3D => tf.zeros([batch, capacity, model.facts.keyWidth]);
    let kept: KeptKeys[] = Array.from({ length: model.facts.layers }, () => ({ k: empty(), v: empty() }));
    const context = contextOf(spec, fixture);
    const pieces: tf.Tensor3D[] = [];
    let from = 0;
    for (const count of spec.cache.pieces) {
      const out = model.forward(model.params, {
        ids: fromRows(columns(spec.input_ids, from, count), 'int32'),
        positions: fromRows(columns(positionsOf(spec), from, count), 'int32'),
        scores: causalScores({ mask: spec.attention_mask, from, length: count, capacity, window: model.facts.window }),
        places: placesFrom(from, count, capacity),
        kept,
        ...context,
      });
      kept = out.kept;
      pieces.push(out.logits);
      from += count;
    }
    const shown = tf.expandDims(fromRows(columns(spec.attention_mask, 0, from), 'float32'), 2);
    return rel(
      'logits_with_cache',
      tf.mul(tf.concat(pieces, 1), shown),
      tf.mul(fixtureTensor(fixture, 'logits_with_cache'), shown),
      OUTPUT,
    );
  });
}

async function* checkGradients(folder: string, model: LanguageModel, spec: Case, fixture: Fixture): AsyncGenerator<Measure> {
  const inputs = scope(() => ({ ...wholePass(model, spec, fixture) }));
  const labels = fromRows(spec.labels, 'int32');
  const result = valueAndGrad((params: Tree) => nextTokenLoss(model.forward(params, inputs).logits, labels))(model.params);
  try {
    yield relative('loss', result.value, [spec.gradient.value], LOSS);
    if (has(folder, 'gradients.safetensors')) yield await compareGradients(folder, result.grads, {}, spec.gradient.noise_level, GRADIENT);
  } finally {
    dispose(result.value, result.grads, labels, inputs as Tree);
  }
}

const PROCESSORS = ['repetition_penalty', 'no_repeat_ngram_size'] as const; // in the reference's order

function optionsOf(run: GenerationRun, { eos_token_id, pad_token_id }: NonNullable<Case['generation']>): GenerateOptions {
  const given = run.arguments;
  const unknown = Object.keys(given).find(
    (name) => ![...PROCESSORS, 'max_new_tokens', 'num_beams', 'length_penalty', 'early_stopping', 'num_return_sequences'].includes(name),
  );
  if (unknown) throw new Unsupported(`generation with ${unknown}`);
  return {
    maxNewTokens: given.max_new_tokens,
    end: eos_token_id,
    padding: pad_token_id,
    beams: given.num_beams,
    lengthPenalty: given.length_penalty,
    earlyStopping: given.early_stopping,
    processors: PROCESSORS.flatMap((kind): Processor[] => (given[kind] === undefined ? [] : [{ kind, value: given[kind] }])),
  };
}

function* checkGeneration(model: LanguageModel, spec: Case, fixture: Fixture): Generator<Measure> {
  const generation = spec.generation!;
  const context = 'encoder_hidden_states' in fixture ? fixtureTensor<tf.Rank.R3>(fixture, 'encoder_hidden_states') : undefined;
  const contextMask = context && fromRows(spec.encoder_attention_mask!, 'float32');
  const prompts = { ids: generation.prompt, mask: generation.attention_mask, context, contextMask };
  try {
    for (const [name, run] of Object.entries(generation.runs)) {
      const { sequences, scores } = generate(model, prompts, optionsOf(run, generation));
      yield exact(`${name}: sequences`, sequences.flat(), run.sequences.flat());
      const tolerance = Math.max(SCORES, NOISE * (run.noise_level?.max_abs_f32_minus_f64 ?? 0));
      if (run.sequences_scores) yield absolute(`${name}: scores`, scores ?? [], run.sequences_scores, tolerance);
    }
  } finally {
    tf.dispose([context ?? [], contextMask ?? []]);
  }
}

interface ProcessorCase {
  readonly input_ids: Rows;
  readonly runs: Readonly<Record<string, { readonly chain: readonly (readonly [Processor['kind'], number])[] }>>;
}

/** Stands for minus infinity in the file. */
const isDropped = (value: number): boolean => value < -2e38;

async function* checkProcessors(folder: string): AsyncGenerator<Measure> {
  const spec = await readJson<ProcessorCase>(join(folder, 'case.json'));
  const fixture = await readSafetensors(join(folder, 'fixture.safetensors'));
  const { shape, data } = fixture.logits!;
  const vocabulary = shape[1]!;
  for (const [name, { chain }] of Object.entries(spec.runs)) {
    const processors = chain.map(([kind, value]) => ({ kind, value }) as Processor);
    const rows = spec.input_ids.map((ids, i) => processScores(data.subarray(i * vocabulary, (i + 1) * vocabulary), ids, processors));
    const got = rows.flatMap((row) => [...row]);
    const want = Array.from(fixture[`${name}.processed`]!.data);
    const title = `${name}: ${chain.map(([kind, value]) => `${kind} ${value}`).join(', ')}`;
    yield exact(
      `${title}: kept`,
      got.map((value) => Number(value > Number.NEGATIVE_INFINITY)),
      want.map((value) => Number(!isDropped(value))),
    );
    const finite = (values: readonly number[]): number[] => values.map((value) => (isDropped(value) ? 0 : value));
    yield rel(`${title}: scores`, finite(got), finite(want), PROCESSED);
    yield rel(
      `${title}: probabilities`,
      rows.flatMap((row) => [...softmax(row)]),
      fixture[`${name}.probabilities`]!.data,
      PROCESSED,
    );
  }
}

export const decoderChecker: Checker = {
  component: 'decoder',

  cases: listCases,

  async *check(folder, name) {
    const caseFolder = join(folder, name);
    if (name === 'processors') return yield* checkProcessors(caseFolder);
    if (!has(caseFolder, 'config.json')) throw new Unsupported('a case without config.json');
    const spec = await readJson<Case>(join(caseFolder, 'case.json'));
    if (!CLASSES.includes(spec.class)) throw new Unsupported(`class ${spec.class}`);
    const config = await readJson<LanguageModelConfig>(join(caseFolder, 'config.json'));
    expectSupported(() => languageModelShapes(config));
    const model = await loadLanguageModel(caseFolder);
    try {
      const fixture = await readSafetensors(join(caseFolder, 'fixture.safetensors'));
      yield* comparePass(model, spec, fixture);
      yield* comparePieces(model, spec, fixture);
      yield* checkGradients(caseFolder, model, spec, fixture);
      if (spec.generation) yield* checkGeneration(model, spec, fixture);
    } finally {
      dispose(model.params);
    }
  },
};
