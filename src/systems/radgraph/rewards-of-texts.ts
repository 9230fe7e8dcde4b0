/** RadGraph's rewards of texts: both are annotated by a network first. */

import type { AnnotateOptions, RadGraphReader } from './network/reader';
import { type RadGraphRewards, radGraphRewards } from './rewards';

/** A text that was written, and the one that belongs there. */
export interface RewardedText {
  readonly candidate: string;
  readonly reference: string;
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
): Promise<RadGraphRewards[]> {
  const texts = [...new Set(pairs.flatMap(({ candidate, reference }) => [candidate, reference]))];
  const annotated = await reader.annotate(texts, options);
  const reportOf = new Map(texts.map((text, i) => [text, annotated[i]!.report]));
  return pairs.map(({ candidate, reference }) => radGraphRewards(reportOf.get(candidate)!, reportOf.get(reference)!));
}
