export { DISTANCE_DEFINITIONS, type Distances, distancesOf } from './distances';
export { evaluateFidelity, type FidelityOptions, type FidelityResult, type FidelityRow } from './fidelity';
