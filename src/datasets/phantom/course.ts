/** Patients over time: each study's findings grow out of the study before. */

import { foldIn, type Key, key } from '../../engine';
import { type Draws, draws } from '../procedural';
import { samplePatient, studyCount } from './patient';
import { sampleFinding, settle } from './place';
import { phantomSettings } from './settings';
import { type Finding, type FindingKind, type Grade, PHANTOM_FINDINGS, type Projection, type Study } from './types';

/** Which studies a phantom has. Plain data: it crosses to worker threads and names the cache. */
export interface Population {
  readonly seed: number;
  readonly views: readonly Projection[];
  readonly findings: readonly FindingKind[];
  /** `prompt`: 0 to 3 findings, all equally likely. `impression`: up to 5 and more, as frequent as in a hospital, chronic ones stay. */
  readonly style: 'prompt' | 'impression';
  /** Share of patients who are children; absent where there are none. */
  readonly children?: number;
}

/** Where studies begin: patient of each study and its number. */
export interface Roster {
  readonly patient: Int32Array;
  readonly number: Int32Array;
}

const patientKey = (population: Population, patient: number): Key => foldIn(key(population.seed), patient);

/** Deals `count` studies to patients. */
export function makeRoster(population: Population, count: number): Roster {
  const roster = { patient: new Int32Array(count), number: new Int32Array(count) };
  for (let i = 0, patient = 0; i < count; patient++) {
    const studies = studyCount(patientKey(population, patient));
    for (let k = 0; k < studies && i < count; k++, i++) {
      roster.patient[i] = patient;
      roster.number[i] = k;
    }
  }
  return roster;
}

function chooseKinds(random: Draws, population: Population): FindingKind[] {
  const settings = phantomSettings();
  const prompt = population.style === 'prompt';
  const count = Math.min(population.findings.length, random.weighted(prompt ? settings.prompt.count : settings.impression.count));
  const left = [...population.findings];
  const chosen: FindingKind[] = [];
  while (chosen.length < count) {
    const at = random.weighted(left.map((kind) => (prompt ? 1 : settings.impression.weight[kind])));
    chosen.push(...left.splice(at, 1));
  }
  return chosen;
}

function fresh(random: Draws, population: Population): Finding[] {
  const bilateral = phantomSettings().impression.bilateral;
  return chooseKinds(random, population).flatMap((kind) => {
    const first = sampleFinding(kind, random);
    const both = population.style === 'impression' && random.chance(bilateral[kind] ?? 0);
    return both && first.side ? [first, sampleFinding(kind, random, first.side === 'left' ? 'right' : 'left')] : [first];
  });
}

/** The findings of the next study, before the projection's limits. */
function evolve(before: readonly Finding[], random: Draws, population: Population): Finding[] {
  const { same, gradeChange, resolve, chronic } = phantomSettings().course;
  const keepsForGood = population.style === 'impression';
  const stays = before.filter((f) => keepsForGood && chronic.includes(f.kind));
  if (!random.chance(same)) return [...stays, ...fresh(random, population).filter((f) => !stays.some((s) => s.kind === f.kind))];
  const changing = before.filter((f) => !stays.includes(f));
  const next = changing.map((f): Finding => {
    const grade = Math.max(0, Math.min(2, f.grade + random.weighted(gradeChange) - 1)) as Grade;
    return { ...f, grade, amount: grade === f.grade ? f.amount : random.uniform(0, 1) };
  });
  return [...stays, ...next.filter(() => !(keepsForGood && random.chance(resolve)))];
}

function chooseView(random: Draws, population: Population, findings: readonly Finding[]): Projection {
  const { bedside, population: p } = phantomSettings();
  const frontal = population.views.filter((v) => v !== 'LATERAL');
  const lateral = population.views.includes('LATERAL');
  const [ofView, ofPortable] = [random.uniform(0, 1), random.uniform(0, 1)];
  const inBed = findings.some((f) => bedside.includes(f.kind));
  if (inBed && frontal.includes('AP')) return 'AP';
  if (lateral && (frontal.length === 0 || ofView < 1 / 3)) return 'LATERAL';
  return frontal.length === 1 ? frontal[0]! : ofPortable < p.portable ? 'AP' : 'PA';
}

/** The patient's study before this one; undefined where it is the first. */
export function priorStudy(population: Population, study: Study): Study | undefined {
  return study.number === 0 ? undefined : makeStudy(population, study.patient.index, study.number - 1);
}

/** A patient's study, number 0 first. Earlier studies are worked out on the way; nothing is stored. */
export function makeStudy(population: Population, patient: number, number: number): Study {
  const settings = phantomSettings();
  const ownKey = patientKey(population, patient);
  const plain = population.style === 'prompt';
  const variety = plain ? settings.prompt.variety : 1;
  const person = samplePatient(ownKey, patient, variety, population.children);
  let findings: Finding[] = [];
  let prior: readonly Finding[] | undefined;
  let [days, daysSincePrior]: [number, number | undefined] = [0, undefined];
  let view: Projection = 'PA';
  for (let k = 0; k <= number; k++) {
    const random = draws(foldIn(ownKey, 10 + k));
    prior = k > 0 ? findings : undefined;
    findings = k > 0 ? evolve(findings, random, population) : fresh(random, population);
    view = chooseView(random, population, findings);
    findings = settle(findings, view, view === 'LATERAL' ? settings.lateral : PHANTOM_FINDINGS);
    if (k > 0) {
      daysSincePrior = Math.max(1, Math.round(settings.course.medianDays * Math.exp(random.normal(0, 1.4))));
      days += daysSincePrior;
    }
  }
  const random = draws(foldIn(ownKey, 1000 + number));
  const [breath, breathSpread] = settings.population.inspiration[view];
  return {
    patient: person,
    number,
    age: person.age + Math.floor(days / 365),
    daysSincePrior,
    view,
    inspiration: Math.max(-1, Math.min(1, random.normal(breath, breathSpread * variety))),
    rotation: random.normal(0, settings.population.rotation[view] * variety),
    exposure: random.normal(0, plain ? 0.15 : 0.8),
    findings,
    prior,
    plain,
    detail: Math.floor(random.uniform(0, 2 ** 24)),
  };
}
