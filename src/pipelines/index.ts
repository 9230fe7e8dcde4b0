/** Whole models and what they make: images from text, and from images. */

export { type LoadLoraOptions, loadLora } from './adapters/load';
export { removeLora } from './adapters/lora';
export { saveLora } from './adapters/save';
export { type AttentionMaps, type AttentionMapsOptions, attentionMaps, type WordMap } from './attention-maps';
export { type EncodedPrompts, encodePrompts, textEncoderOf } from './context';
export type { LoopStep } from './denoise';
export { type EditOptions, editImage } from './edit';
export { classifierFree, type Guidance, type TextContext } from './guidance';
export { saveImage } from './image-file';
export type { InputImage } from './image-input';
export { type ImageToImageOptions, imageToImage } from './image-to-image';
export type { GeneratedImage } from './images';
export { type InpaintOptions, inpaint } from './inpaint';
export { type InterpolateOptions, interpolate, type PromptAndSeed } from './interpolate';
export { decodeLatents, encodeImages, type Size, type VaeMemory } from './latents';
export type { Model } from './model';
export type { ModelCard } from './model-card';
export { disposeModel, type LoadModelOptions, loadModel, saveModel } from './model-folder';
export { type LearnedEmbedsOptions, loadLearnedEmbeds } from './new-tokens';
export { type PackOptions, packModel } from './pack-model';
export { reconstruct } from './reconstruct';
export { SAMPLING_DEFAULTS, type SamplingOptions, type SamplingProgress } from './sampling-options';
export { loadSingleFile, type SingleFileConfigs } from './single-file';
export { type Swap, type SwapOptions, swapTextEncoder, type TrainablePart } from './swap-text-encoder';
export { foldTextProjection, type TextProjection, type TextProjectionConfig, type TextProjectionParams } from './text-projection';
export { type TextToImageOptions, textToImage } from './text-to-image';
