/** What other rooms use of this one beside its public names. */

export { completeVaeConfig, vaeFactor } from './config';
export { saveVae } from './files';
export { initVae, vaeShapes } from './parameters';
export { klDivergence } from './posterior';
export { inSlices, inTiles, tilingOf } from './tiles';
export { decoderStates } from './vae';
