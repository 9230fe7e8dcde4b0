/** The tables and figures of RoentGen's evaluation, each a function with a typed result. */

export { adaptationSnapshots, type Snapshot, type SnapshotOptions, snapshotSteps } from './adaptation';
export {
  type AugmentationOptions,
  type AugmentationResult,
  type AugmentationRow,
  evaluateAugmentation,
} from './augmentation/evaluate';
export type { Experiment } from './augmentation/plan';
export type { Score } from './augmentation/train';
export { type Bench, type BenchOptions, type EvaluatedModel, type GivenNetworks, openBench } from './bench';
export { type EditsEvaluation, evaluateEdits } from './biomedjourney/evaluate-edits';
export { evaluateVariants, type VariantsEvaluation } from './biomedjourney/evaluate-variants';
export { type GuidanceGrid, type GuidancePlane, guidancePlane } from './biomedjourney/guidance-plane';
export { type InstrumentOptions, type JourneyInstruments, journeyInstruments, type Readings } from './biomedjourney/instruments';
export type { Measure as JourneyMeasure, Measured as MeasuredEdits } from './biomedjourney/measures';
export type { Instruction, OppositeCase, Opposites, Told } from './biomedjourney/opposites';
export type { JourneyEvaluationOptions } from './biomedjourney/options';
export type { JourneyRow } from './biomedjourney/rows';
export { type JourneyTruth, journeyTruth } from './biomedjourney/truth';
export {
  type CheXagentEvaluationOptions,
  type CheXagentEvaluationPart,
  cheXagentEvaluationParts,
  evaluateCheXagent,
} from './chexagent/evaluate-chexagent';
export type { AnswerBenchOptions } from './chexbench/answers';
export { type EvaluateCheXbenchOptions, evaluateCheXbench } from './chexbench/evaluate-chexbench';
export {
  type ClassificationDifference,
  type ClassificationOptions,
  type ClassificationResult,
  evaluateClassification,
} from './classification/evaluate';
export type { ClassifiedImages, LabelMeasure, MeanDifference, MeanMeasure, ReliabilityBin, SetMeasure } from './classification/measure';
export { evaluateLlava, type LlavaEvaluation, type LlavaEvaluationOptions } from './cxr-llava/evaluate-llava';
export { type DetailOptions, type DetailResult, evaluateDetail } from './detail/evaluate';
export type {
  DetailBand,
  DetailFound,
  DetailOfStage,
  DetailPairRow,
  DetailSetRow,
  DetailStage,
  DetailToldRow,
  DetailVerdict,
  DeviceRow,
  PartRow,
  PowerRow,
} from './detail/rows';
export { kernelDistanceEstimate, type ManifoldEstimates, manifoldEstimates } from './distances';
export { type DistillationOptions, evaluateDistillation } from './distillation/evaluate';
export type { AlignmentRow, ChangeRow, DistillationResult, MovementRow, ProbeRow } from './distillation/rows';
export { type DiversityResult, type DiversityRow, evaluateDiversity } from './diversity';
export {
  type DrrRateEvaluation,
  type DrrRateEvaluationOptions,
  type DrrRateEvaluationPart,
  drrRateParts,
  evaluateDrrRate,
} from './drr-rate/evaluate-drr-rate';
export { type MeasuredLabel, measureLabels, type Scored } from './drr-rate/measure';
export type { TrainingPlace } from './drr-rate/networks';
export {
  type BootstrapErrorOptions,
  type BootstrapOptions,
  bootstrap,
  bootstrapAll,
  bootstrapError,
  type Draws,
  type Estimate,
  overSeeds,
  shareOf,
} from './estimate';
export { type FeatureSpace, featuresOf } from './features';
export { type DistanceOptions, type Distances, distancesOf } from './fidelity/distances';
export { evaluateFidelity, type FidelityOptions, type FidelityResult, type FidelityRow } from './fidelity/evaluate';
export type { Drift } from './forgetting/drift';
export { evaluateForgetting, FORGETTING_RECIPES, type ForgettingOptions } from './forgetting/evaluate';
export type { DriftRow, ForgettingDifferences, ForgettingResult, ForgettingRow, RemedyRow, ShownPicture } from './forgetting/rows';
export type { AttributeConfusion } from './ground-truth/confusion';
export { evaluateGroundTruth, type GroundTruthResult } from './ground-truth/evaluate';
export type { Attribute } from './ground-truth/questions';
export { type GeneratedOptions, generatedImages, type ImageSet, realImages } from './image-set';
export { IMAGE_TABLE, type ImageTable, openImageTable } from './image-table';
export { type Degradation, degradationsOf } from './instruments/degradations';
export { evaluateInstruments, type InstrumentsOptions, type InstrumentsResult } from './instruments/evaluate';
export type { Measure } from './instruments/measures';
export type { Instrument, InstrumentModelRow, InstrumentRow } from './instruments/rows';
export type { Verdict } from './instruments/verdict';
export { type KeptNetwork, keptNetwork, type NetworkToKeep } from './kept-network';
export { evaluateMemorisation, type MemorisationOptions, type MemorisationResult } from './memorisation/evaluate';
export { type Nearest, type NearestOptions, nearestRows } from './memorisation/nearest';
export type { MemorisationRow } from './memorisation/rows';
export type { TwoSample, TwoSampleOptions } from './networks/judged-cases';
export { type ContrastiveEncoder, contrastiveEncoder, contrastiveSpace } from './networks/kept-contrastive';
export type { WritingOptions } from './networks/kept-report-generator';
export type { SexAndAge } from './networks/sex-and-age';
export { type TwoSampleNetOptions, twoSampleTest, twoSampleTestOfFeatures } from './networks/two-sample';
export { type PairedDifference, pairedDifference } from './paired';
export { expectMerged, makePart, type PartDone } from './part';
export { EXTRACTION_DEFINITIONS, type ExtractionScores, extractionScores } from './radgraph/extraction';
export { type RadGraphFindings, type RadGraphFindingsOptions, radGraphFindings } from './radgraph/findings';
export type { ReaderAgreement } from './reader-study/agreement';
export type { ReaderProgress, ReaderScore } from './reader-study/answers';
export { type AgreementRow, evaluateReaderStudy, type ReaderStudyResult, type ReaderStudyRow } from './reader-study/evaluate';
export { type PlanItem, type PlanOptions, planReaderStudy, type ReaderPlan } from './reader-study/plan';
export type { ReaderScale } from './reader-study/scales';
export type { ScoreSummary } from './reader-study/score-summary';
export type { ServeOptions } from './reader-study/server';
export type { ReaderSitting } from './reader-study/sitting';
export { openReaderStudy } from './reader-study/study';
export {
  evaluateReportGeneration,
  type ReportGenerationOptions,
  type ReportGenerationResult,
  type ReportScores,
} from './report-generation';
export { evaluateReportStudy, type ReportScore, type ReportStudyResult } from './report-study/evaluate';
export { type ReportPair, readReportPairs, writeReportPairs } from './report-study/file';
export { type ReportCriterion, reportCriteria } from './report-study/list';
export { type OpenReportStudyOptions, openReportStudy } from './report-study/sitting';
export {
  type Cell,
  type EvaluationResult,
  type Finding,
  isEstimate,
  type ResultFigure,
  type ResultTable,
  type SystemEvaluation,
} from './result';
export { evaluateRetrieval, type RetrievalOptions, type RetrievalResult } from './retrieval/evaluate';
export type { RetrievalScores } from './retrieval/scores';
export type { FoundTexts } from './retrieval/top-text';
export { evaluateSei, type SeiEvaluationOptions } from './sei/evaluate-sei';
export { resultTable, showTable } from './shown';
export { featureSpaces } from './spaces/all';
export { evaluateSubgroups, type SubgroupGap, type SubgroupRow, type SubgroupsOptions, type SubgroupsResult } from './subgroups/evaluate';
export type { GroupOutcome, OutcomeGap } from './subgroups/gaps';
export type { SummedMeasure } from './summed';
export type { Change } from './text-use/changes';
export { evaluateTextUse, type TextUseResult, type TextUseRow } from './text-use/evaluate';
export { type ToldFromReal, type ToldFromRealOptions, toldFromReal } from './told-from-real';
export { evaluateViewxgen } from './viewxgen/evaluate-viewxgen';
export type { ViewxgenEvaluationOptions } from './viewxgen/options';
export { writeImageTable } from './write-image-table';
export { type ResultFacts, type WrittenResult, writeResult } from './write-result';
