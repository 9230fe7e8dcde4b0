/** The vector-quantised autoencoder: pixels to codes of a codebook and back. */

export type { VqConfig } from './config';
export { loadVq, saveVq, type VqModel } from './files';
export { initVq, type VqParams } from './parameters';
export { type CodebookUse, codebookUse, nearestCodes, type Quantised, type QuantiserOptions, quantise } from './quantise';
export { decodeCodes, encodeToCodes } from './vq';
