/** What other rooms use of this one beside its public names. */

export { adamUpdate } from './adam';
export { type AveragedLeaf, adamInOnePass, fitsOnePass } from './adam-fused';
export { availableMemory } from './available-memory';
export { checkpoint } from './checkpoint';
export { type Algebra64, hasFloat64, inFloat64, type Matrix64 } from './float64';
export { fusedState, isFused } from './fused';
export { detach } from './grad';
export { nextTurn } from './interrupt';
export { collectGarbage, copyToTensor, memoryUse } from './memory';
export { gelu, geluTanh, quickGelu, silu } from './ops/activations';
export { attentionWeights } from './ops/attention';
export { addChannelBias } from './ops/channel-bias';
export { geglu } from './ops/geglu';
export { layerNorm } from './ops/layer-norm';
export { type HalfFormat, isNarrow, narrowMatrix, widened } from './ops/narrow';
export { plain } from './ops/plain';
export { scaleOrZero, sumOfSquares, sumsOfSquares } from './ops/primitives';
export { upsampleNearest2x } from './ops/resample';
export { computedHow, precision, precisions, withPrecision } from './precision';
export { Message } from './protobuf';
export { normalArray, permutation, randomBits } from './random';
export { overRows, overRowsSync, type RowOptions } from './rows';
export { expectSameShape, expectShape } from './shapes';
export { expectNotDisposed, mapTrees, merge, partition } from './tree';
export { hearWaits, tellWait, type WaitListener } from './waits';
export { xlaDevice } from './xla-device';
export { DeviceError, deviceMemory } from './xla-error';
