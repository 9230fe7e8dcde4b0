/** Distances between sets of images, and whether images show what was asked for. */

export { auroc } from './auroc';
export { type AurocWithin, aurocWithin } from './auroc-within';
export type { ClassifierConfig, ClassifierParams } from './classifier';
export { type Classified, type Classifier, classifiedRows, classify, perceptualNetwork } from './classify';
export {
  type AurocByFinding,
  aurocByFinding,
  type Judgement,
  judge,
  type Labelled,
  type SideAccuracy,
  sideAccuracy,
  sideShown,
} from './evaluate';
export { type Failure, failures } from './failures';
export { type Features, frechetDistance } from './frechet';
export { type ClassifiedSet, frechetByFinding } from './frechet-by-finding';
export { kernelDistance } from './kernel-distance';
export { cohenKappa, multiRaterKappa } from './labels/agreement';
export { brierScore, type CalibrationError, calibrationError, logLoss } from './labels/calibration';
export { areaUnder, averagePrecision, type PrecisionRecallCurve, precisionRecallCurve, type RocCurve, rocCurve } from './labels/curves';
export {
  balancedAccuracy,
  type Confusion,
  chexbertFive,
  confusion,
  exactMatch,
  hammingLoss,
  jaccard,
  type LabelScore,
  type LabelScores,
  type LabelTable,
  labelScores,
  MENTION,
  matthews,
  presentIn,
} from './labels/scores';
export { type ManifoldMeasures, manifoldMeasures } from './manifold';
export { msSsimOfPairs, type PairsOptions } from './ms-ssim-pairs';
export type { PerceptualNetwork } from './perceptual';
export { meanSurprise, perplexity } from './perplexity';
export { type ReconstructionError, reconstructionError } from './reconstruction';
export { type Ranking, ranking, ranksOfPairs } from './retrieval';
export { type GreyPixels, msSsim, type PromptDiversity, promptDiversity, psnr, type SsimOptions, ssim } from './ssim';
export { kendall, pearson, spearman } from './statistics/correlation';
export { type DeLong, deLong } from './statistics/delong';
export { type IntraclassCorrelation, type IntraclassCorrelations, intraclassCorrelations } from './statistics/icc';
export { mcNemar, pairedT, type TestResult, type WilcoxonOptions, wilcoxon } from './statistics/paired-tests';
export {
  type BcaInterval,
  type BootstrapTest,
  bcaInterval,
  bootstrapMeans,
  bootstrapTest,
  exchangedMeans,
  percentileInterval,
  type Resamples,
  randomisationTest,
} from './statistics/resampling';
export { type BertScore, bertScore, type EmbeddedText, inverseDocumentFrequencies, rescaled } from './text/bert-score';
export { type BleuOptions, bleu } from './text/bleu';
export { ciderD } from './text/cider';
export { type EditOptions, editDistance, errorRate } from './text/edit-distance';
export { type MeteorOptions, meteor } from './text/meteor';
export { porterStem } from './text/porter';
export { type Rouge, rougeL, rougeN } from './text/rouge';
export { reportTokens, type TextPair } from './text/tokens';
