/** Recorded outputs of reference implementations, and how this library's compare. */

export type { Checker, CheckOptions, Measure, Row } from './checker';
export { type Planned, type VerifyOptions, verify } from './run';
