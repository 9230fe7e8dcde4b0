/** BiomedJourney (Gu et al. 2023, arXiv:2310.10765): a patient's later image out of the prior one and words for what changed. */

export { ageCorrelation, type CmigComponents, cmig, groupAuc, type MeanAuc, pathologyAuc } from './evaluation/cmig';
export { type AffineMap, invertMap, mapPoint } from './registration/affine-map';
export { alignTo, type Warped, warp } from './registration/align';
export type { MapKind } from './registration/correlation';
export { type Registration, registerImages } from './registration/register';
