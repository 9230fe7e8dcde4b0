/** CT volumes as a source of radiographs. */

export { attenuationOf } from './attenuation';
export { coarserVolume } from './coarser';
export { type Drr, type DrrMode, type DrrOptions, radiographOf, radiographsOf } from './drr';
export type { DrrView } from './geometry';
