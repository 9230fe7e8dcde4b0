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
 * A child in an adult's place, of the same sex. Children are smaller, their chests rounder and shorter, their ribs more level, their hearts larger for their
 * chests, their bones less dense; breasts and the marks of age are absent.
 */
function asChild(adult: Patient, random: Draws): Patient {
  const age = 2 + Math.floor(random.uniform(0, 14));
  const grown = (age - 2) / 13;
  return {
    ...adult,
    age,
    bmi: Math.max(13, random.normal(15.5 + 4 * grown, 1.4)),
    size: (0.58 + 0.32 * grown) * random.normal(1, 0.03),
    chestWidth: adult.chestWidth * (0.98 + 0.02 * grown),
    chestHeight: adult.chestHeight * (0.85 + 0.12 * grown),
    chestDepth: adult.chestDepth * (1.14 - 0.12 * grown),
    heart: adult.heart * (1.1 - 0.08 * grown),
    aortaShift: 0,
    kyphosis: 0.1,
    scoliosis: 0.5 * adult.scoliosis,
    ribSlope: adult.ribSlope * (0.72 + 0.24 * grown),
    boneDensity: 0.78 + 0.17 * grown,
    breast: 0,
    domeDifference: 0.7 * adult.domeDifference,
  };
}

/**
 * The patient of a key.
 *
 * @param variety  how far proportions spread, 1 as in the settings; age and sex do in any case
 * @param children how likely it is a child
 */
export function samplePatient(patientKey: Key, index: number, variety: number, children: number = 0): Patient {
  const adult = sampleAdult(patientKey, index, variety);
  if (children === 0) return adult;
  const random = draws(foldIn(patientKey, 2));
  return random.chance(children) ? asChild(adult, random) : adult;
}

function sampleAdult(patientKey: Key, index: number, variety: number): Patient {
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
