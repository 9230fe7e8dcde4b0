/** What RadGraph measures of texts: both are annotated by a network first. */

import { entityFactuality } from './entity-factuality';
import type { AnnotateOptions, RadGraphReader } from './network/reader';
import { type RadGraphRewards, radGraphRewards } from './rewards';

/** A text that was written, and the one that belongs there. */
export interface RewardedText {
  readonly candidate: string;
  readonly reference: string;
}

/** All from 0 to 1. */
export interface TextRewards extends RadGraphRewards {
  readonly entityFactuality: number;
}

/**
 * The rewards of each pair; 0 where a text is empty or has no entity.
 *
 * @example const [{ partial }] = await rewardsOfTexts(reader, [{ candidate: 'No edema.', reference: 'There is no edema.' }])
 */
export async function rewardsOfTexts(
  reader: RadGraphReader,
  pairs: readonly RewardedText[],
  options?: AnnotateOptions,
): Promise<TextRewards[]> {
  const texts = [...new Set(pairs.flatMap(({ candidate, reference }) => [candidate, reference]))];
  const annotated = await reader.annotate(texts, options);
  const reportOf = new Map(texts.map((text, i) => [text, annotated[i]!.report]));
  return pairs.map(({ candidate, reference }) => {
    const [hypothesis, wanted] = [reportOf.get(candidate)!, reportOf.get(reference)!];
    return { ...radGraphRewards(hypothesis, wanted), entityFactuality: entityFactuality(hypothesis, wanted) };
  });
}
