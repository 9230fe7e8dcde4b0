/** What TorchXRayVision (Cohen et al. 2022, arXiv:2111.00595) does around its DenseNet: its outputs, its scale of pixels, its calibration. */

import type { DenseNetConfig } from './densenet';

/** `xrv.models.DenseNet()`: one channel in, an output for each finding. */
export const xrvConfig: DenseNetConfig = { in_channels: 1, num_classes: 18 };

/** The findings of its outputs, in their order. */
export const xrvFindings: readonly string[] = [
  'Atelectasis',
  'Consolidation',
  'Infiltration',
  'Pneumothorax',
  'Edema',
  'Emphysema',
  'Fibrosis',
  'Effusion',
  'Pneumonia',
  'Pleural_Thickening',
  'Cardiomegaly',
  'Nodule',
  'Mass',
  'Hernia',
  'Lung Lesion',
  'Fracture',
  'Lung Opacity',
  'Enlarged Cardiomediastinum',
];

/** Pixels from 0 … `white` to -1024 … 1024. */
export function xrvNormalise(pixels: ArrayLike<number>, white: number = 255): Float32Array {
  return Float32Array.from(pixels, (value) => (2 * (value / white) - 1) * 1024);
}

/**
 * Probabilities whose operating points lie at one half: below its threshold t, p / 2t; above, 1 - (1 - p) / 2(1 - t).
 *
 * @param probabilities [n, thresholds], row-major
 * @param thresholds    null for an output that was not trained, which gives 0.5
 */
export function calibrate(probabilities: ArrayLike<number>, thresholds: readonly (number | null)[]): Float32Array {
  return Float32Array.from(probabilities, (p, i) => {
    const t = thresholds[i % thresholds.length]!;
    if (t === null) return 0.5;
    return p < t ? p / (2 * t) : 1 - (1 - p) / (2 * (1 - t));
  });
}
