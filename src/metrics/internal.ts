/** What other rooms use of this one beside its public names. */

export { classifier, classifierStages, initClassifier } from './classifier';
export { loadClassifier, perceptualNetwork, saveClassifier } from './classify';
export { perceptualDistance } from './perceptual';
export { gaussianWindow, meanAbsoluteError, meanSquaredError, msSsimScales } from './ssim';
