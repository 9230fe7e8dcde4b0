/** F1 of entities and relations of written reports, by a network of RadGraph's kind from a folder. */

import { dispose } from '../../engine';
import { loadRadGraph, radGraphReader, rewardsOfTexts } from '../../systems';
import { meanOf, type SummedMeasure } from '../summed';
import type { ComparedText } from '../text-measures';

/** Measures texts. The caller disposes it. */
export interface RadGraphScorer {
  /** By the measures' names. */
  readonly definitions: Readonly<Record<string, string>>;
  /** @throws the signal's reason where it was raised */
  measures(texts: readonly ComparedText[], signal?: AbortSignal): Promise<SummedMeasure[]>;
  dispose(): void;
}

/** Of the paper's columns. */
export const FACT_ENT = 'fact_ENT';
export const RADGRAPH = 'RadGraph';
/** RadGraph's rewards beside the paper's, which is the partial one. */
export const RADGRAPH_OTHERS = ['RadGraph simple', 'RadGraph complete'] as const;

/** @throws FileError where the folder holds no such network */
export async function openRadGraphScorer(folder: string): Promise<RadGraphScorer> {
  const model = await loadRadGraph(folder);
  const reader = radGraphReader(model);
  const network = 'entities and relations are those that the network given finds in both texts';
  return {
    definitions: {
      [FACT_ENT]: `mean over texts of entity factuality (Miura et al. 2021): harmonic mean of the shares of each side's entities that the other names, by their words; ${network}, not Stanza's; v1`,
      [RADGRAPH]: `mean over texts of RadGraph's partial reward (Delbrouck et al. 2022): F1 of sets of entities with class and whether they have relations; simple leaves relations out, complete has one item for each; ${network}; v1`,
    },
    async measures(texts, signal) {
      const rewards = await rewardsOfTexts(reader, texts, { ...(signal && { signal }) });
      const [simple, complete] = RADGRAPH_OTHERS;
      return [
        meanOf(
          FACT_ENT,
          rewards.map((one) => one.entityFactuality),
        ),
        meanOf(
          RADGRAPH,
          rewards.map(({ partial }) => partial),
        ),
        meanOf(
          simple,
          rewards.map((one) => one.simple),
        ),
        meanOf(
          complete,
          rewards.map((one) => one.complete),
        ),
      ];
    },
    dispose() {
      reader.dispose();
      dispose(model.params);
    },
  };
}
