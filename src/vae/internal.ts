/** What other rooms use of this one beside its public names. */

export {
  type CompleteTrunkConfig,
  completeVaeConfig,
  expectLevels,
  PUBLISHED_TRUNK,
  TRUNK,
  vaeFactor,
} from './config';
export { saveVae } from './files';
export { vaeKey, vaeKeyBack } from './first-names';
export { decoderSpec, encoderSpec, initVae, vaeShapes } from './parameters';
export { klDivergence } from './posterior';
export { inSlices, inTiles, tilingOf } from './tiles';
export { expectPixels, runDecoder, runEncoder } from './trunk';
export { decoderStates } from './vae';
