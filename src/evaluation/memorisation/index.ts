/** Does a model copy what it was trained on? */

export { evaluateMemorisation, type MemorisationOptions, type MemorisationResult } from './evaluate';
export { type Nearest, type NearestOptions, nearestRows } from './nearest';
export type { MemorisationRow } from './rows';
