/** Text and images to vectors: CLIP's two towers. */

export * from './clip';
export * from './clip-config';
export * from './clip-files';
export {
  type ClipContextOptions,
  type ClipTextInit,
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
