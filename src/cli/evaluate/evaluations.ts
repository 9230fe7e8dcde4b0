/** All evaluations by name, in the order of the paper: what `roentgen evaluate` offers, and what `all` runs. */

import type { Command } from 'commander';
import type { Bench, EvaluationResult } from '../../evaluation';

/** Options of one evaluation alone, as commander gives them. */
export type OwnFlags = Readonly<Record<string, unknown>>;

export interface EvaluationCommand {
  readonly name: string;
  /** What RoentGen has in its place. */
  readonly paper: string;
  readonly what: string;
  /** Adds its own options. */
  readonly options?: (command: Command) => void;
  readonly run: (bench: Bench, flags: OwnFlags) => Promise<EvaluationResult>;
}

/** Loaded when it is called, so that help is there at once. */
const evaluation = (): typeof import('../../evaluation') => require('../../evaluation') as typeof import('../../evaluation');

const perFinding = (command: Command): void => void command.option('--per-finding', 'also for each finding alone');

export const evaluations: readonly EvaluationCommand[] = [
  {
    name: 'fidelity',
    paper: 'Table 2, Figure 5',
    what: 'how near images are to real ones (FID, KID, precision and recall, density and coverage), and how alike those of a prompt are (MS-SSIM)',
    options: perFinding,
    run: (bench, { perFinding }) => evaluation().evaluateFidelity(bench, { perFinding: perFinding === true }),
  },
  {
    name: 'diversity',
    paper: 'Figure 3',
    what: 'MS-SSIM of images of a prompt against its length in tokens',
    run: (bench) => evaluation().evaluateDiversity(bench),
  },
  {
    name: 'classification',
    paper: 'Table 3, Figure 4',
    what: 'whether a chest classifier finds what was asked for: AUROC of each label, calibration, samples of each',
    run: (bench) => evaluation().evaluateClassification(bench),
  },
];
