export { type AnnotatedTwice, type AnnotatorAgreement, annotatorAgreement } from './agreement';
export type { RadGraphEntity, RadGraphReport, SetAgreement } from './annotation';
export { type RadGraphRewards, radGraphRewards } from './rewards';
export { AnnotationError, checkAnnotation } from './schema/check';
export { cutReport, type LostOfReport } from './schema/cut';
export { type DygieDocument, type DygieEntity, type DygieRelation, fromDygie, readDygie, toDygie, writeDygie } from './schema/dygie';
export { type AnnotatedDocument, readAnnotations, writeAnnotations } from './schema/files';
export { type LabelMeaning, labelMeaning, radGraphLabels, relationKinds } from './schema/labels';
export { radGraphTokens, type Tokenisation } from './schema/tokens';
