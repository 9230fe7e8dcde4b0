/** Checks a language model of a GGUF file with its own weights: values out of their blocks, token ids, logits, the texts that it goes on with. */

import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { type ChatMessage, type ChatModel, generate, loadGgufModel } from '../decoders';
import { causalScores } from '../decoders/internal';
import { dispose, scope } from '../engine';
import { findPublished, openGguf, published, readJson } from '../files/internal';
import { type Checker, type Measure, Unsupported } from './checker';
import { fromRows, has } from './fixture';
import { listCases } from './list';
import { absolute, exact, relative, unsupported } from './measure';

const SAMPLES = 1e-6;
/** Of logits; neighbours that are nearer may change places. */
const LOGITS = 2e-3;

interface Case {
  readonly weights: string;
  readonly config: Readonly<Record<string, number | boolean>>;
  readonly dequantised_samples: Readonly<
    Record<
      string,
      {
        readonly shape: readonly number[];
        readonly first: readonly number[];
        readonly last: readonly number[];
        readonly sum_float64: number;
        readonly sum_of_squares_float64: number;
      }
    >
  >;
  readonly tokenizer: { readonly texts: readonly { readonly text: string; readonly ids: readonly number[] }[] };
  readonly chat: readonly {
    readonly messages: readonly ChatMessage[];
    readonly add_generation_prompt: boolean;
    readonly text: string;
    readonly ids: readonly number[];
  }[];
  readonly prompts: readonly {
    readonly text: string;
    readonly ids: readonly number[];
    readonly top20_ids: readonly number[];
    readonly top20_logits: readonly number[];
    readonly logits_mean: number;
    readonly logits_std: number;
    readonly greedy_20_ids: readonly number[];
    readonly greedy_20_text: string;
  }[];
}

async function* checkSamples(path: string, spec: Case): AsyncGenerator<Measure> {
  const file = await openGguf(path);
  try {
    for (const [name, want] of Object.entries(spec.dequantised_samples)) {
      const { shape, data } = await file.read(name);
      const values = data as Float32Array;
      yield exact(`${name}: shape`, [...shape], want.shape);
      yield relative(`${name}: values`, [...values.subarray(0, 8), ...values.subarray(-4)], [...want.first, ...want.last], SAMPLES);
      let [sum, squares] = [0, 0];
      for (const value of values) {
        sum += value;
        squares += value * value;
      }
      yield relative(`${name}: sum`, sum, want.sum_float64, SAMPLES);
      yield relative(`${name}: sum of squares`, squares, want.sum_of_squares_float64, SAMPLES);
    }
  } finally {
    await file.close();
  }
}

function* checkTexts({ tokenizer, text, chat }: ChatModel, spec: Case): Generator<Measure> {
  for (const [what, list] of [
    ['texts', spec.tokenizer.texts],
    ['dialogues', spec.chat],
  ] as const) {
    yield exact(
      `token ids of ${what}`,
      list.flatMap((one) => tokenizer.ids(one.text)),
      list.flatMap((one) => [...one.ids]),
    );
    yield exact(
      `${what} of token ids`,
      list.map((one) => text(one.ids)),
      list.map((one) => one.text),
    );
  }
  if (!chat) yield unsupported('dialogues by the chat template', 'the file has no template');
  else
    yield exact(
      'dialogues by the chat template',
      spec.chat.map(({ messages, add_generation_prompt }) => chat(messages, { answer: add_generation_prompt })),
      spec.chat.map(({ text }) => text),
    );
}

/** Logits of the token behind a row. */
function lastLogits(model: ChatModel, ids: readonly number[]): Float32Array {
  return scope(() => {
    const { logits } = model.forward(model.params, {
      ids: fromRows([ids], 'int32'),
      positions: fromRows([ids.map((_, i) => i)], 'int32'),
      scores: causalScores({ mask: [ids.map(() => 1)], from: 0, length: ids.length }),
    });
    return tf.slice(logits, [0, ids.length - 1, 0], [1, 1, -1]).dataSync() as Float32Array;
  });
}

function* checkPrompt(model: ChatModel, prompt: Case['prompts'][number]): Generator<Measure> {
  const name = JSON.stringify(prompt.text.slice(0, 30));
  yield exact(`${name}: token ids`, model.tokenizer.ids(prompt.text), prompt.ids);
  const logits = lastLogits(model, prompt.ids);
  const mean = logits.reduce((sum, value) => sum + value, 0) / logits.length;
  const deviation = Math.sqrt(logits.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (logits.length - 1));
  const { top20_ids: wanted, top20_logits: heights } = prompt;
  yield absolute(
    `${name}: top 20 logits`,
    wanted.map((id) => logits[id]!),
    heights,
    LOGITS,
  );
  yield absolute(`${name}: mean and deviation of the logits`, [mean, deviation], [prompt.logits_mean, prompt.logits_std], LOGITS);
  const order = Array.from(logits.keys())
    .sort((a, b) => logits[b]! - logits[a]!)
    .slice(0, wanted.length);
  const isApart = (i: number): boolean =>
    [i - 1, i + 1].every((j) => heights[j] === undefined || Math.abs(heights[i]! - heights[j]!) > LOGITS);
  const compared = wanted.map((_, i) => i).filter(isApart);
  yield exact(
    `${name}: order of the top 20`,
    compared.map((i) => order[i]!),
    compared.map((i) => wanted[i]!),
  );
  const count = prompt.greedy_20_ids.length;
  const { sequences } = generate(model, { ids: [prompt.ids] }, { maxNewTokens: count, end: -1, padding: 0 });
  const written = sequences[0]!.slice(prompt.ids.length);
  yield exact(`${name}: greedy tokens`, written, prompt.greedy_20_ids);
  yield exact(`${name}: greedy text`, [model.text(written)], [prompt.greedy_20_text]);
}

export const decoderGgufChecker: Checker = {
  component: 'decoder',

  cases: async (folder) => (await listCases(folder)).filter((name) => published.some((one) => one.name === name && one.file !== undefined)),

  async *check(folder, name) {
    const model = published.find((one) => one.name === name)!;
    if (!has(join(folder, name), 'case.json')) throw new Unsupported('a case without case.json');
    const spec = await readJson<Case>(join(folder, name, 'case.json'));
    const found = findPublished(model);
    if (!found) throw new Unsupported(`the model is not here; get it with "roentgen models get ${name}"`);
    const path = join(found, model.file!);
    yield* checkSamples(path, spec);
    const loaded = await loadGgufModel(path);
    try {
      const config = loaded.config as unknown as Record<string, number | boolean>;
      const names = Object.keys(spec.config);
      yield exact(
        'settings',
        names.map((key) => String(config[key])),
        names.map((key) => String(spec.config[key])),
      );
      yield* checkTexts(loaded, spec);
      for (const prompt of spec.prompts) yield* checkPrompt(loaded, prompt);
    } finally {
      dispose(loaded.params);
    }
  },
};
