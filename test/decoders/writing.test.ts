import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  endsWithAny,
  generate,
  initLlama,
  type LanguageModel,
  languageModel,
  meanLogLikelihoods,
  processScores,
  writeTokens,
} from 'roentgen-lab/decoders';
import { dispose, key } from 'roentgen-lab/engine';
import { softmax } from '#decoders/processors';
import { noLeaks } from '../support';
import { lastLogits, llamaConfig, models } from './tiny';

const END = 19;
const PADDING = 18;
const settings = { maxNewTokens: 6, end: END, padding: PADDING };
const withModel =
  (body: (model: LanguageModel) => void | Promise<void>): (() => Promise<void>) =>
  async () => {
    const model = languageModel(llamaConfig, initLlama(llamaConfig, key(1)));
    try {
      await body(model);
    } finally {
      dispose(model.params);
    }
  };

test(
  'tokens are drawn by their probabilities after the processors, the same ones of the same key',
  noLeaks(
    withModel((model) => {
      const ids = new Array(2000).fill([3, 1, 4]);
      const processors = [
        { kind: 'temperature', value: 1.5 },
        { kind: 'top_p', value: 0.9 },
      ] as const;
      const draw = (seed: number): number[] =>
        generate(model, { ids }, { ...settings, maxNewTokens: 1, processors, key: key(seed) }).sequences.map((row) => row[3]!);
      const drawn = draw(7);
      const probabilities = softmax(processScores(lastLogits(model, [3, 1, 4]), [3, 1, 4], processors));
      for (const [token, p] of probabilities.entries()) {
        const share = drawn.filter((one) => one === token).length / drawn.length;
        assert.ok(Math.abs(share - p) <= 4 * Math.sqrt((p * (1 - p)) / drawn.length), `${token}: ${share} of ${p}`);
      }
      assert.ok(probabilities.filter((p) => p > 0).length > 2);
      assert.deepEqual(draw(7), drawn);
      assert.notDeepEqual(draw(8), drawn);
    }),
  ),
);

test(
  'of one token that is left, drawing and taking the likeliest are the same',
  noLeaks(
    withModel((model) => {
      const prompts = { ids: [[3, 1, 4]] };
      const first = generate(model, prompts, { ...settings, processors: [{ kind: 'top_k', value: 1 }], key: key(1) });
      assert.deepEqual(first, generate(model, prompts, settings));
      assert.throws(() => generate(model, prompts, { ...settings, beams: 2, key: key(1) }), /RangeError: generate: beams: expected 1/);
    }),
  ),
);

test(
  'a row ends where its text does; what is written token by token is the same, and stops when it is told to',
  noLeaks(
    withModel(async (model) => {
      const ids = [
        [3, 1, 4],
        [1, 5, 9],
      ];
      const free = generate(model, { ids }, settings).sequences;
      const text = (tokens: readonly number[]): string => tokens.map((token) => String.fromCharCode(97 + token)).join('');
      const ending = text(free[0]!.slice(3, 5));
      const isDone = endsWithAny(text, ['!', ending]);
      const { sequences } = generate(model, { ids }, { ...settings, isDone });
      assert.deepEqual(sequences[0]!.slice(0, 5), free[0]!.slice(0, 5));
      assert.ok(sequences[0]!.slice(5).every((token) => token === PADDING));
      const written = ids.map((row) => [...row]);
      for await (const tokens of writeTokens(model, { ids }, { ...settings, isDone }))
        tokens.forEach((token, i) => void written[i]!.push(token));
      assert.deepEqual(written, sequences);
      const stop = new AbortController();
      let turns = 0;
      await assert.rejects(async () => {
        for await (const _ of writeTokens(model, { ids }, { ...settings, signal: stop.signal }))
          if (++turns === 2) stop.abort(new Error('stopped'));
      }, /stopped/);
      assert.equal(turns, 2);
    }),
  ),
);

test(
  'the likelihood of a continuation is the mean over its tokens, each given those before it, also beside longer ones and within a window',
  noLeaks(async () => {
    for (const model of models()) {
      const rows = [
        { prompt: [3, 1, 4, 1], continuation: [5, 9, 2] },
        { prompt: [7], continuation: [8] },
        ...Array.from({ length: 8 }, (_, i) => ({ prompt: [i, 2], continuation: [i + 1, 3, i] })),
      ];
      const got = await meanLogLikelihoods(model, rows, { padding: PADDING });
      rows.forEach(({ prompt, continuation }, r) => {
        const each = continuation.map((token, i) => Math.log(softmax(lastLogits(model, [...prompt, ...continuation.slice(0, i)]))[token]!));
        const wanted = each.reduce((a, b) => a + b, 0) / each.length;
        assert.ok(Math.abs(got[r]! - wanted) < 1e-4, `${r}: ${got[r]} and ${wanted}`);
      });
      await assert.rejects(meanLogLikelihoods(model, [{ prompt: [], continuation: [1] }], { padding: PADDING }), RangeError);
      await assert.rejects(
        meanLogLikelihoods(model, [{ prompt: new Array(16).fill(1), continuation: [1] }], { padding: PADDING }),
        /16 positions/,
      );
      dispose(model.params);
    }
  }),
);
