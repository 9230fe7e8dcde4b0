/** What other rooms use of this one beside its public names. */

export { llavaKey, llavaShapes } from './llava';
export { qformerShapes } from './qformer';
export { flamingoResamplerKey, flamingoResamplerShapes, perceiverShapes } from './resampler';
