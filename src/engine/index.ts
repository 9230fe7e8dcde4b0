/** Which backend runs, compiled functions, memory, random numbers, parameter trees, and the ops that networks are made of. */

export type { ClusterOptions } from './cluster';
export { type Compiled, compile, compileStep, type Step, type StepResult } from './compile';
export { type Loss, type ValueAndGrad, valueAndGrad } from './grad';
export { interruptSignal } from './interrupt';
export { scope } from './memory';
export { compileNetwork, type Network } from './network';
export { type AttentionOptions, attention } from './ops/attention';
export { type ConvOptions, conv2d, type Padding } from './ops/conv';
export { embedding } from './ops/embedding';
export { type GroupNormOptions, groupNorm } from './ops/group-norm';
export { linear } from './ops/linear';
export type { Precision } from './precision';
export { foldIn, type Key, key, normal, randomInts, split, uniform, uniformArray } from './random';
export { joinCluster, lastMeeting, meanOverWorkers } from './reduce';
export { type Backend, type EngineInfo, type EngineOptions, startEngine } from './start';
export { cloneTree, countParameters, dispose, type FlatTree, flatten, mapTree, type Tree, unflatten } from './tree';
