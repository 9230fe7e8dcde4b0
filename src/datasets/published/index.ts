export { findMimic, openMimic } from './mimic';
export { findNihTable, openNih } from './nih';
export { findOpenI, openOpenI } from './open-i';
