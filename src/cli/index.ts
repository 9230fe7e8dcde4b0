/** The command line's door: `bin/roentgen.mjs` calls `main`. */

export { type Context, type ExitCode, exitCodes } from './context';
export { createProgram, main } from './main';
export { type Checker, type CheckOptions, type Measure, type Row, Unsupported } from './verify/checker';
export { absolute, exact, grad, holds, largestOf, type Numbers, rel, relative, unsupported } from './verify/measure';
export { type Planned, planVerification, type VerifyOptions, verify } from './verify/run';
