/** Does a model copy what it was trained on? */

export { evaluateMemorisation, type MemorisationOptions, type MemorisationResult, type MemorisationRow } from './evaluate';
export { type Nearest, type NearestOptions, nearestRows } from './nearest';
