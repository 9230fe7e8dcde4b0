/** What other rooms use of this one beside its public names. */

export { completeVqConfig, vqFactor } from './config';
export { vqShapes } from './parameters';
export { decodeVectors, vqDecoderStates, vqLatents } from './vq';
