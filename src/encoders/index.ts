/** Text and images to vectors: text encoders of every kind behind one face, and CLIP's two towers. */

export * from './bert';
export * from './bert-config';
export { type BertModel, type LoadedBert, loadBert, saveBert } from './bert-files';
export * from './clip';
export * from './clip-config';
export * from './clip-files';
export type { ClipLayerParams } from './clip-layers';
export {
  type ClipContextOptions,
  type ClipTextOptions,
  type ClipTextOutput,
  type ClipTextParams,
  clipContext,
  clipHiddenStates,
  clipText,
  clipTextShapes,
  initClipText,
} from './clip-text';
export { type ClipVisionOutput, type ClipVisionParams, clipVision, clipVisionShapes, initClipVision } from './clip-vision';
export type { EncoderFamily, LoadedFamilyModel, TextEncoderFacts, TextEncoderInit, TextStates } from './family';
export { smallBertConfig, smallT5Config } from './small-configs';
export * from './t5';
export * from './t5-config';
export * from './t5-files';
export * from './text-encoder';
export * from './text-folder';
export * from './text-model';
