/** BiomedJourney (Gu et al. 2023, arXiv:2310.10765): a patient's later image out of the prior one and words for what changed. */

export { type Journeys, journeysOf, type Pair, someJourneys } from './data/journeys';
export { labelJourneys } from './data/label-journeys';
export type { Movement } from './data/moved';
export { JOURNEY_SEEDS, type PhantomJourneys, type PhantomJourneysOptions, phantomJourneys } from './data/phantom-journeys';
export { progressionOfLabels } from './data/progression-of-labels';
export { type JourneyPixels, journeyPixels, type RegistrationSettings } from './data/register-journeys';
export { type TableJourneysOptions, tableJourneys } from './data/table-journeys';
export { ageCorrelation, type CmigComponents, cmig, groupAuc, type MeanAuc, pathologyAuc } from './evaluation/cmig';
export { CHANGED, type EditedImages, type EditMeasures, measureEdits } from './evaluation/measure-edits';
export { type AffineMap, invertMap, mapPoint } from './registration/affine-map';
export { alignTo, type Warped, warp } from './registration/align';
export type { MapKind } from './registration/correlation';
export { type Registration, registerImages } from './registration/register';
export { type FitJourneyOptions, fitJourney, fitStage, STAGES, type Stage, type StageData, type StageOptions } from './training/fit';
export { type KeptJourneyOptions, keptJourney } from './training/kept';
export { type JourneyRun, singlesModel, type TriplesPart, TWO_STAGES, triplesModel } from './training/parts';
export { type JourneyRecipe, loadJourneyRecipe, stageRecipe } from './training/recipe';
export { narrowForText, widenForEditing } from './training/widen';
