/** What a reader of detail must know. */

import type { Bench } from '../bench';
import type { DetailImages } from './images';
import type { DetailFound } from './rows';
import { verdictSentence } from './verdict';

/** Where a network that looks for a part is right so rarely that it says little. */
const POOR = 0.9;

interface Used {
  readonly imageNet: boolean;
  /** Training images whose features copies are sought among. */
  readonly features: number;
  readonly steps: number;
}

const percent = (share: number): string => `${Math.round(100 * share)}%`;

/** One sentence each, the verdicts first. */
export function detailNotes(
  bench: Bench,
  { cases, reference, patients }: DetailImages,
  { verdicts, told, parts, devices }: DetailFound,
  { imageNet, features, steps }: Used,
): string[] {
  const control = told[0]!.accuracy;
  const people = new Set(Array.from(cases, (row) => patients[row])).size;
  const wrong = parts.flatMap(({ model, stage, part, images, seen }) => {
    const right = images === 'drawn' ? seen.value : 1 - seen.value;
    if (stage === 'real' && right < POOR)
      return [`The network that looks for ${part} is wrong in ${percent(1 - right)} of real images where they are ${images}.`];
    if (stage === 'autoencoder' && images === 'left out' && right < POOR)
      return [
        `In ${percent(seen.value)} of images without ${part} the network sees them after the autoencoder of ${model}: so many are no sign of them.`,
      ];
    return [];
  });
  return [
    ...verdicts.map(verdictSentence),
    `${cases.length} images are measured against ${reference.length} of other patients.`,
    ...(people < cases.length
      ? [`${cases.length} images are of ${people} patients: intervals over images are narrower than they should be.`]
      : []),
    ...(control.low > 0.5
      ? [
          `Real images of other patients are told from real ones too (${control.value.toFixed(2)}): accuracies of models are to be read against that.`,
        ]
      : []),
    'The two-sample network is small and trains for seconds: at chance it means that this network sees no difference, not that there is none.',
    ...(imageNet
      ? []
      : [
          "There is no ImageNet network: perceptual distance and sets go by the chest classifier's features, which know findings better than texture (roentgen models get efficientnet-lite0).",
        ]),
    ...(parts.length === 0
      ? ['Ribs, tubes and lines are not looked for: that takes images that can be drawn with and without them, as the phantom can.']
      : []),
    ...wrong,
    ...(parts.length > 0
      ? [
          'Ribs, tubes and lines that a network sees need not be sharp; and it knows chests alone, so that of images that are none it may say anything.',
        ]
      : []),
    ...(devices.length === 0
      ? ['Devices are not looked for by the classifier: no label of its is one, or too few images have one.']
      : [
          'The AUROC of devices says that they can be told, if only by what goes with them, such as an AP view; not that lines are to be seen.',
        ]),
    ...(features < bench.train.length
      ? [`Quick: by ImageNet's features, copies are sought among ${features} of ${bench.train.length} training images alone.`]
      : []),
    ...(bench.quick ? [`Quick: two-sample networks train for ${steps} steps.`] : []),
  ];
}
