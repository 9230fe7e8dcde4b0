/** What a model's representations hold: likeness of two of them, linear and local probes, principal components, distances; and what weights matter for. */

export { type CkaOptions, cka } from './cka';
export { energyDistance, kolmogorovSmirnov, type Sample, wassersteinDistance } from './distances';
export { consolidationPenalty, diagonalFisher, type LogProbabilities } from './fisher';
export { fitLogistic, type LogisticOptions, type LogisticRegression, predictLogistic } from './logistic-regression';
export { type NearestOptions, predictNearest } from './nearest';
export { type PrincipalComponents, principalComponents, project } from './pca';
export type { Representation } from './representation';
