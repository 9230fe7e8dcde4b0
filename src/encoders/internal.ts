/** What other rooms use of this one beside its public names. */

export { bertHiddenStates, bertShapes, initBert } from './bert';
export { completeBertConfig } from './bert-config';
export { bertKey } from './bert-files';
export { clipImageFeatures, clipLoss, clipShapes } from './clip';
export { type ClipTextModel, loadClip, loadClipText, saveClipText } from './clip-files';
export { clipContext, clipHiddenStates, clipTextShapes } from './clip-text';
export { clipVisionShapes, clipVisionTowerSpec } from './clip-vision';
export { MASKED_SCORE, paddingScores } from './masks';
export { t5HiddenStates } from './t5';
export { encoderOn, encodeTokens, expectFits } from './text-encoder';
export { checkTextEncoderConfig, loadTextEncoderModel, readTextEncoderConfig, saveTextEncoder } from './text-folder';
export {
  contextParts,
  textContext,
  textEncoderClasses,
  textEncoderFacts,
  textEncoderShapes,
  textHiddenStates,
  textStates,
} from './text-model';
