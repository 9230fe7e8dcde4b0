/** The labeler's rules, `data/labeler/*.json`, as the engine works with them. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compilePhrases, type Match } from './phrases';
import type { Cue } from './scopes';
import type { Word } from './words';

/** What a phrase tells of an observation: a mention, a mention that denies it by itself, or none although it looks like one. */
export interface Naming {
  readonly observation: string;
  readonly as: 'phrases' | 'absent' | 'except';
}

export type Rule = { readonly cue: Cue } | { readonly naming: Naming };

/** Which classes are written, and what they are made of. */
export interface Scheme {
  /** What a finding said with reserve, or as one of two, counts as. */
  readonly likely: 1 | -1;
  /** The class of reports in which nothing is found. */
  readonly clear: string;
  /** `classes`: nothing that has a class; `everything`: no other observation either. */
  readonly clearOf: 'classes' | 'everything';
  /** Classes that leave a report clear. */
  readonly quiet: readonly string[];
  /** Observations of each class but the clear one. */
  readonly classes: Readonly<Record<string, readonly string[]>>;
}

export interface Rules {
  /** All cues and namings of a sentence. */
  readonly find: (words: readonly Word[]) => Match<Rule>[];
  readonly schemes: { readonly chexpert: Scheme; readonly openi14: Scheme };
}

type Ways = Partial<Record<Cue['way'], readonly string[]>>;

interface ScopesFile extends Record<'absent' | 'uncertain' | 'likely' | 'ignored' | 'ends', Ways> {
  readonly gapStops: readonly string[];
  readonly neutral: readonly string[];
}

interface ObservationsFile {
  readonly observations: Readonly<Record<string, Readonly<Record<Naming['as'], readonly string[]>>>>;
}

let compiled: Rules | undefined;

/** Read and compiled at the first call. */
export function labelerRules(): Rules {
  if (compiled) return compiled;
  const scopes = readRules<ScopesFile>('scopes');
  const { observations } = readRules<ObservationsFile>('observations');
  const phrases: [string, Rule][] = [];
  const addCues = (kind: Cue['kind'], ways: Ways): void => {
    for (const way of ['forward', 'backward', 'both'] as const) {
      const rule: Rule = { cue: { kind, way } };
      for (const pattern of ways[way] ?? []) phrases.push([pattern, rule]);
    }
  };
  for (const kind of ['absent', 'uncertain', 'likely', 'ignored'] as const) addCues(kind, scopes[kind]);
  addCues('end', scopes.ends);
  addCues('neutral', { both: scopes.neutral });
  for (const [observation, forms] of Object.entries(observations))
    for (const as of ['phrases', 'absent', 'except'] as const) {
      const rule: Rule = { naming: { observation, as } };
      for (const pattern of forms[as]) phrases.push([pattern, rule]);
    }
  compiled = { find: compilePhrases(phrases, scopes.gapStops), schemes: readRules<Rules['schemes']>('schemes') };
  return compiled;
}

function readRules<T>(name: string): T {
  return JSON.parse(readFileSync(join(__dirname, '..', '..', 'data', 'labeler', `${name}.json`), 'utf8')) as T;
}
