/** CT volumes as a source of radiographs. */

export { attenuationOf } from './attenuation';
export { type Drr, type DrrOptions, radiographOf, radiographsOf } from './drr';
export type { DrrView } from './geometry';
