/** Texts from a language model: the likeliest token at each step, or beams of the likeliest sequences. */

import { type BeamOptions, searchBeams } from './beams';
import { continuation, type Prompts } from './continuation';
import type { LanguageModel } from './language-model';
import { type Processor, processScores } from './processors';

export interface GenerateOptions extends Partial<Omit<BeamOptions, 'steps' | 'end' | 'processors' | 'prompts' | 'padding'>> {
  /** The most new tokens. */
  readonly maxNewTokens: number;
  /** The token that ends a sequence. */
  readonly end: number;
  /** What fills rows that have ended. */
  readonly padding: number;
  readonly processors?: readonly Processor[];
}

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
 * @throws RangeError where the model has no positions for so many tokens
 */
export function generate(model: LanguageModel, prompts: Prompts, options: GenerateOptions): Generated {
  const { maxNewTokens: steps, end, padding, processors = [], beams = 1, lengthPenalty = 1, earlyStopping = false } = options;
  const run = continuation(model, prompts, beams, steps);
  try {
    if (beams > 1) return searchBeams(run, { prompts: prompts.ids, steps, end, padding, processors, beams, lengthPenalty, earlyStopping });
    return { sequences: greedy(run, prompts.ids, { steps, end, padding, processors }) };
  } finally {
    run.dispose();
  }
}

interface GreedyOptions {
  readonly steps: number;
  readonly end: number;
  readonly padding: number;
  readonly processors: readonly Processor[];
}

function greedy(
  run: ReturnType<typeof continuation>,
  prompts: Prompts['ids'],
  { steps, end, padding, processors }: GreedyOptions,
): number[][] {
  const rows = prompts.map((row) => [...row]);
  const hasEnded = rows.map(() => false);
  const own = rows.map((_, i) => i);
  let scores = run.begin();
  for (let step = 1; ; step++) {
    const vocabulary = scores.length / rows.length;
    const tokens = rows.map((row, i) => {
      if (hasEnded[i]) return padding;
      const processed = processScores(scores.subarray(i * vocabulary, (i + 1) * vocabulary), row, processors);
      return largest(processed);
    });
    tokens.forEach((token, i) => {
      rows[i]!.push(token);
      hasEnded[i] ||= token === end;
    });
    if (step === steps || hasEnded.every(Boolean)) return rows;
    scores = run.next(tokens, own);
  }
}

/** The first of the largest. */
function largest(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
