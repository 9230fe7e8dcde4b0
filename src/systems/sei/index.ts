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
export { cleanIndication, cleanIndications, type IndicationCounts, type IndicationRule } from './indication';
export { structuralTokens } from './marks';
export { type KnownCase, type SharedFindings, sharedFindings } from './shared-findings';
export { type CaseFeatures, type SimilarCase, similarCases } from './similar-cases';
export { structuralEntities, structuralText } from './structural-entities';
