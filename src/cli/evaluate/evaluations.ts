/** All evaluations by name, in the order of the paper: what `roentgen evaluate` offers, and what `all` runs. */

import type { Command } from 'commander';
import type { Bench, EvaluationResult } from '../../evaluation';
import { wholeNumber } from '../numbers';
import { readerStudyOptions, runReaderStudy } from './reader-study';
import { recipesOption, risingNumbers } from './values';

/** Options of one evaluation alone, as commander gives them. */
export type OwnFlags = Readonly<Record<string, unknown>>;

export interface EvaluationCommand {
  readonly name: string;
  /** What RoentGen has in its place. */
  readonly paper: string;
  readonly what: string;
  /** Its first model is one that is adapted to the data here, such as the small world's: `all` takes `--base` for it. */
  readonly adapts?: boolean;
  /** Adds its own options. */
  readonly options?: (command: Command) => void;
  readonly run: (bench: Bench, flags: OwnFlags) => Promise<EvaluationResult>;
}

/** Loaded when it is called, so that help is there at once. */
const evaluation = (): typeof import('../../evaluation') => require('../../evaluation') as typeof import('../../evaluation');

/** Those of the flags that were given, by the names of a function's options. */
const given = (flags: OwnFlags, ...names: readonly string[]): object =>
  Object.fromEntries(names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])));

const adaptation = (command: Command): void =>
  void command
    .option('--recipes <names>', 'ways of adapting the model, with commas between them', recipesOption)
    .option('--adaptation-steps <n>', "of each adaptation, in place of the recipe's", wholeNumber(1))
    .option('--every <n>', 'steps between looks at it', wholeNumber(1));

const adaptationOf = ({ recipes, adaptationSteps: steps, every }: OwnFlags): object =>
  given({ recipes, steps, every }, 'recipes', 'steps', 'every');

export const evaluations: readonly EvaluationCommand[] = [
  {
    name: 'instruments',
    paper: 'beyond the paper',
    what: 'which distances can be trusted: which rise with blur, noise, flat contrast, missing ribs, swapped patches, bad images among good ones, and are small between halves of real data',
    run: (bench) => evaluation().evaluateInstruments(bench),
  },
  {
    name: 'detail',
    paper: 'beyond the paper',
    what: 'where detail is lost: real images, the same through the autoencoder, and generated ones, by error, power of each frequency, ribs, devices, a two-sample test and nearest training images; grids of all',
    run: (bench) => evaluation().evaluateDetail(bench),
  },
  {
    name: 'fidelity',
    paper: 'Table 2, Figure 5',
    what: 'how near images are to real ones (FID, KID, precision and recall, density and coverage), and how alike those of a prompt are (MS-SSIM)',
    options: (command) => void command.option('--per-finding', 'also for each finding alone'),
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
  {
    name: 'report-generation',
    paper: 'Table 4, left',
    what: 'what a report generator reads in the images: BLEU, ROUGE-L, METEOR, CIDEr, F1 of labels, BERTScore with --bert',
    run: (bench) => evaluation().evaluateReportGeneration(bench),
  },
  {
    name: 'retrieval',
    paper: 'Table 4, middle and right',
    what: 'whether images find images and texts of their finding: precision and recall at K',
    options: (command) =>
      void command.option('--k <numbers>', "K, with commas between them; by default 5,10,50, since the paper's are lost", risingNumbers),
    run: (bench, { k: cuts }) => evaluation().evaluateRetrieval(bench, given({ cuts }, 'cuts')),
  },
  {
    name: 'reader-study',
    paper: 'Section 6.5',
    what: 'a blinded study for readers of radiographs: realism of pairs, and images against their texts, as a page on this machine',
    options: readerStudyOptions,
    run: runReaderStudy,
  },
  {
    name: 'augmentation',
    paper: 'Table 5',
    what: 'classifiers trained on real images, synthetic ones, and both',
    run: (bench) => evaluation().evaluateAugmentation(bench),
  },
  {
    name: 'distillation',
    paper: 'Table 6',
    what: 'what fine-tuning leaves in the text encoder: probes before, during and after it, layer by layer; of one model, which is adapted, or of several that are',
    adapts: true,
    options: adaptation,
    run: (bench, flags) => evaluation().evaluateDistillation(bench, { ...adaptationOf(flags), models: bench.models.length > 1 }),
  },
  {
    name: 'forgetting',
    paper: 'Figure 6',
    what: 'what a model of another domain forgets while it is adapted, and what helps: replay, elastic weight consolidation, LoRA, a lower rate, distillation',
    adapts: true,
    options: adaptation,
    run: (bench, flags) => evaluation().evaluateForgetting(bench, adaptationOf(flags)),
  },
  {
    name: 'memorisation',
    paper: 'beyond the paper',
    what: 'whether images copy training images: nearest ones in pixels and features, and by a network that knows patients',
    run: (bench) => evaluation().evaluateMemorisation(bench),
  },
  {
    name: 'subgroups',
    paper: 'beyond the paper',
    what: 'AUROC, distances and diversity by sex, age, view and other groups, with the gaps between them',
    run: (bench) => evaluation().evaluateSubgroups(bench),
  },
  {
    name: 'ground-truth',
    paper: 'beyond the paper',
    what: 'finding, side, lobe, severity and device of each prompt, read back by networks that learnt them from the phantom',
    run: (bench) => evaluation().evaluateGroundTruth(bench),
  },
  {
    name: 'text-use',
    paper: 'beyond the paper',
    what: 'how much of its texts a model uses: what its loss on real images rises by where left and right are exchanged, the text is of another image, or left out, by noise level',
    run: (bench) => evaluation().evaluateTextUse(bench),
  },
];
