/** Who the phantom's patients are: age, sex, habitus and proportions from a seed and a number. */

import { foldIn, type Key } from '../../engine';
import { type Draws, draws } from '../procedural';
import { phantomSettings, type Spread } from './settings';
import type { Patient } from './types';

function within(random: Draws, spread: Spread, part = 1): number {
  const value = random.normal(spread.mean, spread.deviation * part);
  return Math.min(spread.high ?? Number.POSITIVE_INFINITY, Math.max(spread.low ?? Number.NEGATIVE_INFINITY, value));
}

/** How many studies a patient has, at least one. */
export function studyCount(patientKey: Key): number {
  return 1 + draws(foldIn(patientKey, 1)).weighted(phantomSettings().population.studies);
}

/**
 * The patient of a key.
 *
 * @param variety  how far proportions spread, 1 as in the settings; age and sex do in any case
 */
export function samplePatient(patientKey: Key, index: number, variety: number): Patient {
  const random = draws(foldIn(patientKey, 0));
  const p = phantomSettings().population;
  const sex = random.chance(p.female) ? 'F' : 'M';
  const age = Math.round(within(random, p.age));
  const bmi = within(random, p.bmi, variety);
  const old = Math.max(0, (age - 50) / 40);
  return {
    index,
    sex,
    age,
    bmi,
    size: random.normal(p.size[sex], p.size.deviation * variety),
    chestWidth: within(random, p.chestWidth, variety) + 0.004 * (bmi - 26),
    chestHeight: within(random, p.chestHeight, variety) - 0.006 * (bmi - 26),
    chestDepth: within(random, p.chestDepth, variety) + 0.006 * (bmi - 26) + 0.04 * old,
    heart: within(random, p.heart, variety) + 0.02 * old,
    aortaShift: random.uniform(0, 0.3 + 0.9 * old),
    kyphosis: random.uniform(0, 0.3) + 0.5 * old,
    scoliosis: random.normal(0, 0.35 * variety),
    ribSlope: within(random, p.ribSlope, variety),
    boneDensity: (sex === 'M' ? 1.05 : 0.95) * random.uniform(0.88, 1.12) * (1 - 0.2 * old),
    breast: random.uniform(0, 1) * Math.min(1, 0.3 + (bmi - 17) / 16),
    domeDifference: within(random, p.domeDifference, variety),
    detail: Math.floor(random.uniform(0, 2 ** 24)),
  };
}
