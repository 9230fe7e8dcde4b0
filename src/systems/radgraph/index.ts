export { type AnnotatedTwice, type AnnotatorAgreement, annotatorAgreement, relationKinds } from './agreement';
export type { RadGraphEntity, RadGraphReport, SetAgreement } from './annotation';
export { type RadGraphRewards, radGraphRewards } from './rewards';
