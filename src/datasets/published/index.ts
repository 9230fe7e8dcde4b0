export { findChexpert, openChexpert } from './chexpert';
export { findCovid, openCovid } from './covid';
export { findDrrRate, openDrrRate } from './drr-rate';
export { findMimic, openMimic } from './mimic';
export { findNihTable, openNih } from './nih';
export { findOpenI, openOpenI } from './open-i';
export { findPadchest, openPadchest } from './padchest';
export { findVindr, openVindr } from './vindr';
