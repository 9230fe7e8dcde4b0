/** What trainings on images with texts share. */

import type { Key } from '../../engine';
import type { Rows } from '../../files';
import type { Tokenizer } from '../../tokenizers';
import type { Optimisation, StepLog } from '../../training';

export interface TrainOnTextsOptions<C> {
  readonly config: C;
  readonly tokenizer: Tokenizer;
  /** Grey values 0 to 1, size × size a row; one for each text. */
  readonly pixels: Rows;
  readonly texts: readonly string[];
  readonly optimisation: Optimisation;
  readonly key: Key;
  readonly signal?: AbortSignal;
  readonly onStep?: (log: StepLog) => void;
}
