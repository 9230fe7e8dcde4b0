/** Recorded outputs of reference implementations, and how this library's compare. */

export { type Checker, type CheckOptions, type Measure, type Row, Unsupported } from './checker';
export { absolute, exact, grad, holds, largestOf, type Numbers, rel, relative, unsupported } from './measure';
export { type Planned, planVerification, type VerifyOptions, verify } from './run';
