/** Noise levels and steps: what turns a network that predicts noise into a sampler. */

export type { BetaConfig, BetaSchedule } from './betas';
export type { CommonConfig, ConfigRules, PredictionType, SchedulerConfig } from './config';
export { createScheduler, schedulerNames, schedulersFor } from './create';
export { type DdimConfig, type DdimOptions, ddim, ddimStep } from './ddim';
export { type DpmAlgorithm, dpmSolverStep } from './dpm-solver';
export { eulerStep } from './euler';
export { heunStep } from './heun';
export { type NoiseTables, noiseTables } from './noise-tables';
export { interpret, type Limit, type NoiseLevel } from './prediction';
export { addNoiseAt, type Schedule, type ScheduleConfig, type StepsRequest, velocityAt } from './schedule';
export type { Method, Scheduler, SchedulerState, StepOptions, Stepped } from './scheduler';
export type { SchedulerClass } from './scheduler-class';
export type { SolverUpdate } from './solver';
export type { TimestepSpacing } from './spacing';
