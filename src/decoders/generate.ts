/** Texts from a language model: the likeliest token at each step, tokens drawn by their probabilities, or beams of the likeliest sequences. */

import { foldIn, type Key, uniformArray } from '../engine';
import { nextTurn } from '../engine/internal';
import { type BeamOptions, searchBeams } from './beams';
import { continuation, type Prompts, paddedOf } from './continuation';
import type { LanguageModel } from './language-model';
import { drawnToken, type Processor, processScores } from './processors';

export interface WriteTokensOptions {
  /** The most new tokens. */
  readonly maxNewTokens: number;
  /** The token that ends a sequence. */
  readonly end: number;
  /** What fills rows that have ended. */
  readonly padding: number;
  readonly processors?: readonly Processor[];
  /** Tokens are drawn by their probabilities with this key; where it is left out the likeliest is taken. */
  readonly key?: Key;
  /** Whether a row has ended without its end token, by the tokens after its prompt: such as with a text (`endsWithAny`). */
  readonly isDone?: (tokens: readonly number[]) => boolean;
}

export interface GenerateOptions
  extends WriteTokensOptions,
    Partial<Omit<BeamOptions, 'steps' | 'end' | 'processors' | 'prompts' | 'padded' | 'padding'>> {}

export interface Generated {
  /** Prompts with what follows; with beams, those of each prompt best first. */
  readonly sequences: readonly (readonly number[])[];
  /** Of beams: the sum of the new tokens' log-probabilities over their number to the power of the length penalty. */
  readonly scores?: readonly number[];
}

/**
 * Continues prompts. With more than one beam, all beams of a prompt are returned.
 *
 * @param prompts padded on the left
 * @throws RangeError where the model has no positions for so many tokens, or beams are asked for beside a key or an end of another kind
 */
export function generate(model: LanguageModel, prompts: Prompts, options: GenerateOptions): Generated {
  const { maxNewTokens: steps, end, padding, processors = [], beams = 1, lengthPenalty = 1, earlyStopping = false, key, isDone } = options;
  if (beams > 1 && (key || isDone))
    throw new RangeError('generate: beams: expected 1 beside key or isDone, since beams follow the likeliest');
  const run = continuation(model, prompts, beams, steps);
  try {
    if (beams > 1)
      return searchBeams(run, {
        prompts: prompts.ids,
        padded: paddedOf(prompts),
        steps,
        end,
        padding,
        processors,
        beams,
        lengthPenalty,
        earlyStopping,
      });
    const rows = prompts.ids.map((row) => [...row]);
    for (const tokens of stepsOf(run, prompts, options)) tokens.forEach((token, i) => void rows[i]!.push(token));
    return { sequences: rows };
  } finally {
    run.dispose();
  }
}

/**
 * The same token by token, with turns for other things in between: one token for each row at a time, `padding` for those that have ended.
 *
 * @param prompts padded on the left
 * @throws RangeError where the model has no positions for so many tokens; the signal's reason where it was raised
 */
export async function* writeTokens(
  model: LanguageModel,
  prompts: Prompts,
  { signal, ...options }: WriteTokensOptions & { readonly signal?: AbortSignal },
): AsyncGenerator<readonly number[]> {
  const run = continuation(model, prompts, 1, options.maxNewTokens);
  try {
    for (const tokens of stepsOf(run, prompts, options)) {
      yield tokens;
      await nextTurn();
      signal?.throwIfAborted();
    }
  } finally {
    run.dispose();
  }
}

function* stepsOf(
  run: ReturnType<typeof continuation>,
  prompts: Prompts,
  { maxNewTokens, end, padding, processors = [], key, isDone }: WriteTokensOptions,
): Generator<readonly number[]> {
  const rows = prompts.ids.map((row) => [...row]);
  const padded = paddedOf(prompts);
  const hasEnded = rows.map(() => false);
  const own = rows.map((_, i) => i);
  let scores = run.begin();
  for (let step = 1; ; step++) {
    const vocabulary = scores.length / rows.length;
    const drawn = key && uniformArray(foldIn(key, step), rows.length);
    const tokens = rows.map((row, i) => {
      if (hasEnded[i]) return padding;
      const processed = processScores(scores.subarray(i * vocabulary, (i + 1) * vocabulary), row, processors, padded[i]);
      return drawn ? drawnToken(processed, drawn[i]!) : largest(processed);
    });
    tokens.forEach((token, i) => {
      if (hasEnded[i]) return;
      rows[i]!.push(token);
      hasEnded[i] = token === end || isDone?.(rows[i]!.slice(prompts.ids[i]!.length)) === true;
    });
    yield tokens;
    if (step === maxNewTokens || hasEnded.every(Boolean)) return;
    scores = run.next(tokens, own);
  }
}

/** The first of the largest. */
function largest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Says of tokens whether their text ends with one of these, for `isDone`. @param text of tokens */
export function endsWithAny(text: (ids: readonly number[]) => string, endings: readonly string[]): (tokens: readonly number[]) => boolean {
  return (tokens) => {
    const written = text(tokens);
    return endings.some((ending) => written.endsWith(ending));
  };
}
