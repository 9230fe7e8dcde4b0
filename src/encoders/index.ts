/** Text and images to vectors: text encoders of every kind behind one face, and CLIP's two towers. */

export { type BertLayerParams, type BertOptions, type BertOutput, type BertParams, bert } from './bert';
export type { BertActivation, BertConfig, BertModelType } from './bert-config';
export type { BertModel } from './bert-files';
export { type ClipOutput, type ClipParams, clip } from './clip';
export type { ClipActivation, ClipConfig, ClipTextConfig, ClipTowerConfig, ClipVisionConfig } from './clip-config';
export { type ClipVisionModel, loadClipVision } from './clip-files';
export type { ClipLayerParams } from './clip-layers';
export { type ClipTextOptions, type ClipTextOutput, type ClipTextParams, clipText, initClipText } from './clip-text';
export { type ClipVisionOutput, type ClipVisionParams, clipVision } from './clip-vision';
export type { EncoderFamily, LoadedFamilyModel, TextEncoderFacts, TextEncoderInit, TextStates } from './family';
export { smallBertConfig, smallT5Config } from './small-configs';
export {
  type T5AttentionParams,
  type T5BlockParams,
  type T5FeedForwardParams,
  type T5Options,
  type T5Params,
  t5,
} from './t5';
export type { T5Config, T5FeedForward } from './t5-config';
export {
  createTextEncoder,
  type EncodedTexts,
  type EncodeOptions,
  type LoadTextEncoderOptions,
  loadTextEncoder,
  type TextEncoder,
  type TextEncoderDescription,
  type TextEncoderOrigin,
} from './text-encoder';
export { initTextEncoder, type TextEncoderConfig, type TextEncoderModel, type TextEncoderParams } from './text-model';
