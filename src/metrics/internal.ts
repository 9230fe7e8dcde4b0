/** What other rooms use of this one beside its public names. */

export { classifier, classifierStages, initClassifier } from './classifier';
export { loadClassifier, saveClassifier } from './classify';
export { eachKernel, expectKernelSets } from './kernel-distance';
export { manifoldRows } from './manifold';
export { perceptualDistance, perceptualDistances } from './perceptual';
export { eachProducts, squaredLengths } from './products';
export { gaussianWindow, meanAbsoluteError, meanSquaredError, msSsimScales } from './ssim';
export { type BleuCounts, bleuCounts, bleuOfCounts } from './text/bleu';
