/** The small world: shapes and scenes with captions. */

export { WORLD_KINDS, type WorldKind } from './types';
export { openWorld, type WorldDataset, type WorldOptions } from './world';
