export { type CoreFindings, type CoreFindingsCounts, coreFindings } from './core-findings';
export { structuralTokens } from './marks';
export { structuralEntities, structuralText } from './structural-entities';
