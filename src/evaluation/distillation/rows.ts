/** What the evaluation of text encoders comes to, row by row. */

import type { Estimate } from '../estimate';
import type { EvaluationResult } from '../result';
import type { Layer } from './layers';
import type { Probed } from './probe';

/** F1 × 100 of one probe: of a model, a layer and a finding. */
export interface ProbeRow {
  readonly model: string;
  /** Of the training; absent where models are compared. */
  readonly step?: number;
  readonly layer: string;
  /** `macro` for the mean over all. */
  readonly finding: string;
  /** With 1.96 bootstrap deviations over test texts. */
  readonly f1: Estimate;
  /** Student's interval over the divisions of patients. */
  readonly f1Seeds: Estimate;
}

/** How alike a layer is to what it was. */
export interface AlignmentRow {
  readonly model: string;
  readonly step?: number;
  readonly layer: string;
  readonly cka: Estimate;
}

/** How far prompts' embeddings have moved. */
export interface MovementRow {
  readonly model: string;
  readonly step?: number;
  readonly prompts: 'radiographs' | 'general';
  /** Mean cosine between a prompt's mean context before and now. */
  readonly cosine: Estimate;
  /** Mean of |now - before| / |before|. */
  readonly relative: Estimate;
}

/** What F1 does between two looks, of the same test texts. */
export interface ChangeRow {
  /** The recipe or model. */
  readonly model: string;
  readonly finding: string;
  /** From before to the first look at the training; absent where models are compared. */
  readonly first?: Estimate;
  /** From the first look to the last. */
  readonly since?: Estimate;
  /** From before to the last. */
  readonly all: Estimate;
}

export interface DistillationResult extends EvaluationResult {
  readonly probes: readonly ProbeRow[];
  readonly alignment: readonly AlignmentRow[];
  readonly movement: readonly MovementRow[];
  readonly changes: readonly ChangeRow[];
  /** What the same probes reach from the counts of the texts' words, and by saying "present" of every text. */
  readonly references: readonly { readonly finding: string; readonly words: Estimate; readonly always: number }[];
}

/** What is known of one model. */
export interface Seen {
  readonly model: string;
  /** The recipe, or the model itself: what belongs to one line of a figure. */
  readonly line: string;
  readonly step?: number;
  /** Of radiographs' texts, by layer. */
  readonly layers: readonly Layer[];
  readonly general: readonly Layer[];
  /** For each layer what probes of each finding say. */
  readonly probed: readonly (readonly Probed[])[];
}
