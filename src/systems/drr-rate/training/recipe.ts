/** Recipes of CheXNet on reconstructions and radiographs. Built-in ones are in `data/drr-rate`. */

import { type FindingKind, PHANTOM_FINDINGS } from '../../../datasets';
import { checkSettings, is, optional, type ShapeOf } from '../../../files/internal';
import type { Optimisation } from '../../../training';
import { optimisationShape } from '../../../training/internal';
import type { DenseNetConfig } from '../../../vision';
import { readRecipe } from '../../read-recipe';
import type { Domain } from '../labels';

/** The phantom's images. */
export interface PhantomCounts {
  /** What patients may have: none to three of these. */
  readonly findings: readonly FindingKind[];
  /** Studies of each domain and part. */
  readonly counts: Readonly<Record<Domain, { readonly train: number; readonly test: number }>>;
  /** mm from voxel to voxel. */
  readonly spacing: number;
  /** Of each scan, near-duplicates of each other. */
  readonly reconstructions: number;
}

export interface DrrRateRecipe {
  readonly name: string;
  readonly comment?: string;
  /** Pixels a side. */
  readonly size: number;
  /** The plan of the network; channels and classes follow. */
  readonly densenet: Pick<DenseNetConfig, 'growth_rate' | 'block_config' | 'num_init_features' | 'bn_size'>;
  /** The labels of the domains that are learnt from, or the six that both have. */
  readonly labels: 'all' | 'common';
  /** The area of an image, of its own, that a training sees: from and to. */
  readonly crop: readonly [number, number];
  readonly optimisation: Optimisation;
  readonly folds: number;
  readonly phantom: PhantomCounts;
  readonly run: { readonly checkpoint_every: number };
}

const part: ShapeOf<{ train: number; test: number }> = { train: is.whole(2), test: is.whole(1) };

const RECIPE: ShapeOf<DrrRateRecipe> = {
  name: is.text,
  comment: optional(is.text),
  size: is.whole(32, 4096),
  densenet: is.object,
  labels: is.oneOf('all', 'common'),
  crop: is.list(is.number(0.01, 1), 2, 2),
  optimisation: optimisationShape,
  folds: is.whole(2),
  phantom: {
    findings: is.list(is.oneOf(...PHANTOM_FINDINGS), 1),
    counts: { drr: part, 'x-ray': part },
    spacing: is.number(1.5, 10),
    reconstructions: is.whole(1, 8),
  },
  run: { checkpoint_every: is.whole(1) },
};

/** @throws FileError where there is no such recipe, or one of its keys or values can't be worked with */
export async function loadDrrRateRecipe(nameOrFile: string): Promise<DrrRateRecipe> {
  const { recipe } = await readRecipe<DrrRateRecipe>({ system: 'drr-rate', nameOrFile, names: 'laptop, small and paper' }, (read, file) =>
    checkSettings(file, read, RECIPE),
  );
  return recipe;
}
