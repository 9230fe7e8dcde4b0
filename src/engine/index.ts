/** Which backend runs, compiled functions, memory, random numbers, parameter trees, and the ops that networks are made of. */

export { type AdamLeaf, type AdamScalars, adamPlain, adamUpdate } from './adam';
export { availableMemory } from './available-memory';
export { checkpoint } from './checkpoint';
export * from './compile';
export * from './grad';
export * from './interrupt';
export * from './memory';
export * from './network';
export * from './ops';
export { Message } from './protobuf';
export * from './random';
export * from './rows';
export * from './shapes';
export * from './start';
export * from './tree';
