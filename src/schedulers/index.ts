/** Noise levels and steps: what turns a network that predicts noise into a sampler. */

export * from './betas';
export type * from './config';
export * from './create';
export * from './ddim';
export * from './ddpm';
export * from './deis';
export * from './dpm-solver';
export * from './dpm-solver-singlestep';
export * from './euler';
export * from './heun';
export * from './kdpm2';
export * from './lms';
export * from './noise-tables';
export * from './pndm';
export * from './prediction';
export * from './schedule';
export * from './scheduler';
export type { SchedulerClass } from './scheduler-class';
export type { SigmaConfig, SigmaTables } from './sigmas';
export type { SolverConfig, SolverUpdate } from './solver';
export * from './spacing';
export * from './unipc';
