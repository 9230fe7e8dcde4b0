/** Images of studies by patient and number: what worker threads load. */

import type { Render } from '../procedural';
import { makeStudy, type Population } from './course';
import { renderStudy } from './render';

/** Patient, and which of its studies. */
export type PhantomSubject = readonly [patient: number, number: number];

export const render: Render<Population, PhantomSubject> = (population, [patient, number], size) =>
  renderStudy(makeStudy(population, patient, number), size);
