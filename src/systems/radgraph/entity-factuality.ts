/** Entity factuality, fact_ENT (Miura et al. 2021, arXiv:2010.10042), with the entities that a network of RadGraph's finds in place of Stanza's. */

import type { RadGraphReport } from './annotation';

/**
 * The harmonic mean of how many of the written report's entities the reference names, and of how many of the reference's the written one names. An entity is its words
 * in lower case, whatever its class; mentions count each. 0 where either has none.
 */
export function entityFactuality(hypothesis: RadGraphReport, reference: RadGraphReport): number {
  const [written, wanted] = [hypothesis, reference].map(({ entities }) =>
    Object.values(entities).map(({ tokens }) => tokens.toLowerCase()),
  ) as [string[], string[]];
  const share = (of: readonly string[], among: readonly string[]): number => {
    const known = new Set(among);
    return of.length === 0 ? 0 : of.filter((each) => known.has(each)).length / of.length;
  };
  const [precision, recall] = [share(written, wanted), share(wanted, written)];
  return precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0;
}
