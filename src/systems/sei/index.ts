export {
  checkSeiAnnotation,
  readSeiAnnotation,
  type SeiAnnotation,
  type SeiSplit,
  type SeiStudy,
  type SpecificKnowledge,
  seiSplits,
  writeSeiAnnotation,
} from './annotation';
export { SeiAnnotationError } from './check-annotation';
export { type CoreFindings, type CoreFindingsCounts, coreFindings } from './core-findings';
export { type AnnotationCounts, annotationOf } from './data/from-dataset';
export { annotatedStudies, type OpenStudiesOptions, PHANTOM_SEEDS, phantomStudies, type SeiStudies } from './data/studies';
export { type AlignedText, alignedText, alignedTexts, caseText, findingsText, indicationText, studiesVocabulary } from './data/texts';
export { type History, type HistoryCase, readHistory, writeHistory } from './history';
export { cleanIndication, cleanIndications, type IndicationCounts, type IndicationRule } from './indication';
export { knownCase, sharedOfCases } from './labels';
export { structuralTokens } from './marks';
export type { AlignmentParams } from './network/alignment';
export {
  type AlignmentConfig,
  type Decoding,
  type SeiEncoders,
  type WriterConfig,
  type WriterSource,
  writerSources,
} from './network/config';
export type { TextTensors, VisualParams } from './network/encode';
export { type AlignmentModel, loadAlignment, loadWriter, saveSei, type WriterModel } from './network/files';
export type { CrossLayerParams, FusionParams } from './network/fusion';
export type { ProjectionParams } from './network/heads';
export type { CaseReader, IndicationReader, WriterParams } from './network/writer';
export { caseFeatures, type EncodeOptions, studyName, withCases } from './retrieve';
export { type KnownCase, type SharedFindings, sharedFindings } from './shared-findings';
export { type CaseFeatures, type SimilarCase, similarCases } from './similar-cases';
export { structuralEntities, structuralText } from './structural-entities';
export {
  type FitOptions,
  fitAlignment,
  fitSei,
  fitWriter,
  loadSei,
  retrieveAll,
  runParts,
  type SeiStage,
  seiStages,
} from './training/fit';
export { estimateAlignmentMemory, estimateSeiMemory, estimateWriterMemory } from './training/memory';
export { alignmentConfigOf, loadSeiRecipe, type SeiRecipe, writerConfigOf } from './training/recipe';
export { type StudiesTaken, type Trained, type TrainSeiOptions, trainAlignment } from './training/train-alignment';
export { type TrainWriterOptions, trainWriter } from './training/train-writer';
export { type SeiWriter, seiWriter, type WrittenFrom, type WrittenReports } from './write-reports';
