/** What one way of adapting a model says of itself (RoentGen, arXiv:2211.12737, section 4); the loop, options and checkpoints are the same for all. */

import type { Key, Tree } from '../../engine';
import type { DiffusionParams } from '../diffusion-loss';

export interface Strategy {
  /** As recipes name it. */
  readonly name: string;
  /** One sentence for `roentgen train --help` and the run's report. */
  readonly what: string;
  /** Whether a leaf of `{ unet, textEncoder, … }` trains; the others stay bit for bit. */
  trains(path: string): boolean;
  /** Leaves that are put beside the model's and train, such as adapters or new tokens' embeddings; the caller disposes them. */
  add?(model: DiffusionParams, key: Key): Tree;
  /** The networks' parameters with what was added, in the compiled step and for the finished model: pure. */
  apply?(model: DiffusionParams, added: Tree): DiffusionParams;
  /** The weight of record `i` in the loss, where not all count the same; 1 where left out. */
  weight?(record: number): number;
}
