export { type CoreFindings, type CoreFindingsCounts, coreFindings } from './core-findings';
export { cleanIndication, cleanIndications, type IndicationCounts, type IndicationRule } from './indication';
export { structuralTokens } from './marks';
export { structuralEntities, structuralText } from './structural-entities';
