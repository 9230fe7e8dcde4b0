/** What other rooms use of this one beside its public names. */

export { recordsOf, textsOf } from './dataset';
export { findTable } from './folder';
export { WORLD_KINDS } from './world/types';
