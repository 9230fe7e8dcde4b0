/** Groups of patients that a model may serve unequally: by sex, age and body mass index. */

import type { Patient } from './types';

/** The group of a patient in each division. */
export interface PatientGroups {
  readonly sex: 'F' | 'M';
  readonly age: 'child' | '18-39' | '40-64' | '65+';
  /** By the WHO's limits 18.5, 25 and 30 kg/m²; these do not hold for children, who have none. */
  readonly bmi?: 'underweight' | 'normal' | 'overweight' | 'obese';
}

/**
 * A patient's groups. Each shows in the anatomy: sex in breasts, shoulders and size; age in spine, aorta and bones, childhood in the chest's shape and the
 * heart's share of it; body mass index in the fat under the skin and the height of the diaphragm.
 *
 * @param age years at the study; those at the first study if not given
 */
export function patientGroups(patient: Patient, age: number = patient.age): PatientGroups {
  const { sex, bmi } = patient;
  if (patient.age < 18) return { sex, age: 'child' };
  return {
    sex,
    age: age < 40 ? '18-39' : age < 65 ? '40-64' : '65+',
    bmi: bmi < 18.5 ? 'underweight' : bmi < 25 ? 'normal' : bmi < 30 ? 'overweight' : 'obese',
  };
}
