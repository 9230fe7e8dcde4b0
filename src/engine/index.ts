/** Which backend runs, compiled functions, memory, random numbers, parameter trees, and the ops that networks are made of. */

export * from './compile';
export * from './grad';
export * from './interrupt';
export * from './memory';
export * from './network';
export * from './ops';
export * from './random';
export * from './shapes';
export * from './start';
export * from './tree';
