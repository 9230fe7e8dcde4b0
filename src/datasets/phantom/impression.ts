/**
 * Impressions as a radiologist writes them, from a study's parameters: what is there, how it changed, what is not there. Sentences are made with marks
 * (`report/markup.ts`), which say what their words mean.
 */

import { foldIn, key } from '../../engine';
import { type Draws, draws, fill } from '../procedural';
import { nodulePlace } from './effects';
import { type Grammar, reportGrammar } from './grammar';
import { asShown } from './place';
import { markedArticle, markedSentence, mentionOf, plain, withCertainty, words } from './report/markup';
import { phantomSettings } from './settings';
import { type Finding, type FindingKind, PHANTOM_FINDINGS, type Study, severity } from './types';

/** Findings of one kind in one study: one, or one on each side. */
export type Group = readonly [Finding] | readonly [Finding, Finding];

/** A mention of a group: its noun phrase, whether it is plural, and whether a plain sentence will do. */
interface Mention {
  readonly text: string;
  /** The bare noun phrase where the sentence is nothing else, so that two can be joined. */
  readonly plain?: string;
}

/** Longer texts lose their optional sentences: words and marks, of which tokenizers make up to a fifth more. */
const MOST_WORDS = 95;

/** What the slots of a finding's templates hold, with marks; `cm` is a number. */
export function slots(finding: Finding, study: Study, grammar: Grammar): Record<string, string> {
  const radius = finding.kind === 'nodule' && finding.side ? nodulePlace(finding, study).radius : 0;
  const apical = finding.zone === 'upper';
  const tip = 1.6 + 2.6 * (finding.place[2] * 0.5 + 0.5);
  return {
    grade: words('m', grammar.grades[grammar.findings[finding.kind].grade]![finding.grade]),
    side: words('b', finding.side ?? ''),
    lobe: words('b', finding.lobe ?? ''),
    zone: words('b', finding.zone ?? ''),
    lesion: words('o', radius >= 1.5 ? 'mass' : 'nodule'),
    cm: finding.kind === 'nodule' ? (2 * radius).toFixed(1) : String(Math.round(tip)),
    place: words('b', apical ? 'apical' : 'lateral'),
    where: words('a', apical ? 'apex' : 'chest wall'),
    leads: words('m', finding.grade > 0 ? '(dual-lead|dual-chamber)' : 'single-lead'),
    vein: words('a', finding.place[0] > -0.2 ? '(internal jugular|jugular|IJ)' : 'subclavian'),
  };
}

/** Names a group; plural where it needs a plural verb. */
function nounPhrase(group: Group, study: Study, grammar: Grammar, random: Draws): { np: string; many: boolean } {
  const [first, second] = group;
  const named = grammar.findings[first.kind];
  const name = (templates: readonly string[], finding: Finding): string =>
    mentionOf(finding.kind, fill(templates, slots(finding, study, grammar), random));
  const plural = (np: string): boolean =>
    /wires$|^hyperinflated lungs|effusions|pneumothoraces|opacities|nodules|fractures/.test(plain(np));
  if (study.view === 'LATERAL') {
    const np = name(named.lateral, first);
    return { np, many: plural(np) };
  }
  if (!second) {
    const np = name(named.one, first);
    return { np, many: plural(np) };
  }
  const alike = named.grade === 'none' || first.grade === second.grade;
  if (alike && named.both.length > 0) {
    const np = name(named.both, first);
    return { np, many: plural(np) };
  }
  const [a, b] = [first, second].map((f) => name(named.one, f));
  return { np: `${a} and ${b}`, many: true };
}

/** How a group compares with the study before; undefined where its parts differ. */
function change(group: Group, prior: readonly Finding[]): 'new' | 'same' | 'worse' | 'better' | undefined {
  const states = group.map((f) => {
    const before = prior.find((p) => p.kind === f.kind && p.side === f.side);
    if (!before) return 'new';
    const more = severity(f) - severity(before);
    return Math.abs(more) < 0.02 ? 'same' : more > 0 ? 'worse' : 'better';
  });
  return states.every((s) => s === states[0]) ? states[0] : undefined;
}

/** The frame of grammar that fits, filled with the name of a group. */
function framed(
  name: string,
  group: Group,
  study: Study,
  grammar: Grammar,
  random: Draws,
  phrase = nounPhrase(group, study, grammar, random),
): Mention {
  const { many } = phrase;
  const np = name === 'uncertain' ? withCertainty(phrase.np, 'uncertain') : phrase.np;
  const list = grammar.frames[many ? `${name}Many` : name] ?? grammar.frames[name]!;
  const text = fill(list, { np, anp: grammar.findings[group[0].kind].mass || many ? np : markedArticle(np) }, random);
  return text === np ? { text, plain: np } : { text };
}

/** A sentence that a group is there, neither compared nor in doubt. */
export function presence(group: Group, study: Study, grammar: Grammar, random: Draws): string {
  return framed(grammar.findings[group[0].kind].device ? 'inPlace' : 'present', group, study, grammar, random).text;
}

function mention(group: Group, study: Study, grammar: Grammar, random: Draws): Mention {
  const named = grammar.findings[group[0].kind];
  const phrase = nounPhrase(group, study, grammar, random);
  const frame = (name: string): Mention => framed(name, group, study, grammar, random, phrase);
  const compared = study.prior && study.view !== 'LATERAL' && random.chance(0.65) ? change(group, study.prior) : undefined;
  if (compared && !(named.device && compared !== 'new') && !(compared !== 'new' && compared !== 'same' && named.grade === 'none'))
    return frame(compared);
  if (named.device) return frame('device');
  return frame(group.length === 1 && group[0].grade === 0 && random.chance(0.22) ? 'uncertain' : 'present');
}

/** What the study before showed and this one does not. */
function resolved(study: Study, kinds: ReadonlySet<FindingKind>, grammar: Grammar, random: Draws): string[] {
  if (!study.prior || study.view === 'LATERAL') return [];
  return study.prior.flatMap((f) => {
    const template = grammar.degreeless[f.kind];
    const twice = study.prior!.some((p) => p !== f && p.kind === f.kind);
    if (!template || kinds.has(f.kind) || twice || !random.chance(0.6)) return [];
    const np = withCertainty(mentionOf(f.kind, fill([template], slots(f, study, grammar), random)), 'absent');
    return [fill(grammar.frames[grammar.findings[f.kind].device ? 'removed' : 'resolved']!, { np }, random)];
  });
}

/** Sentences about what is absent, of things that the view would show. */
function negations(study: Study, kinds: ReadonlySet<FindingKind>, grammar: Grammar, random: Draws): string[] {
  const shown = study.view === 'LATERAL' ? phantomSettings().lateral : PHANTOM_FINDINGS;
  const absent = (Object.keys(grammar.absent) as FindingKind[]).filter((kind) => {
    if (kinds.has(kind) || !shown.includes(kind)) return false;
    return kind !== 'consolidation' || !kinds.has('pneumonia'); // pneumonia is a consolidation
  });
  const out: string[] = [];
  const count = Math.min(absent.length, random.weighted([0.35, 0.25, 0.27, 0.13]));
  const chosen: string[] = [];
  while (chosen.length < count)
    chosen.push(fill(grammar.absent[absent.splice(Math.floor(random.uniform(0, absent.length)), 1)[0]!]!, {}, random));
  const [a = '', b = '', c = ''] = chosen.map((text, i) => (i === 0 ? text : text.replace(/^(evidence of )/, '')));
  if (count > 0) out.push(fill([grammar.negation, grammar.negation2, grammar.negation3][count - 1]!, { a, b, c }, random));
  const heart = !kinds.has('cardiomegaly') && !kinds.has('widened mediastinum') && !kinds.has('hiatal hernia');
  if (heart && random.chance(0.22)) out.push(fill(grammar.heartNormal, {}, random));
  return out;
}

/** Findings that leave "no acute process" and "clear lungs" true. */
const QUIET: readonly FindingKind[] = ['pacemaker', 'sternal wires', 'central line', 'feeding tube', 'endotracheal tube'];

function openings(study: Study, grammar: Grammar, random: Draws): string[] {
  const out: string[] = [];
  if (random.chance(0.15)) out.push(fill(grammar.technique[study.view], {}, random));
  const days = study.daysSincePrior;
  if (days !== undefined && random.chance(0.2)) out.push(fill(grammar.comparison, { days: days === 1 ? 'two' : String(days) }, random));
  if (study.inspiration < -0.6 && random.chance(0.4)) out.push(fill(grammar.lowVolumes, {}, random));
  return out;
}

/** Joins some neighbours that are bare noun phrases into one sentence. */
function join(mentions: readonly Mention[], grammar: Grammar, random: Draws): string[] {
  const out: string[] = [];
  for (let i = 0; i < mentions.length; i++) {
    const [a, b] = [mentions[i]!, mentions[i + 1]];
    if (a.plain && b?.plain && !plain(a.plain).includes(',') && !plain(b.plain).includes(',') && random.chance(0.45)) {
      out.push(fill(grammar.frames.joined!, { np: a.plain, np2: b.plain }, random));
      i++;
    } else out.push(a.text);
  }
  return out;
}

/** A study's findings, those of one kind together. */
export function groups(study: Study): Group[] {
  const byKind = new Map<FindingKind, Finding[]>();
  for (const f of study.findings) byKind.set(f.kind, [...(byKind.get(f.kind) ?? []), f]);
  return [...byKind.values()].map((list) => list.slice(0, 2) as unknown as Group);
}

/**
 * A study's impression, 3 to about 115 tokens, as marked sentences. Findings of a lateral view are named without side.
 *
 * @param opening whether technique, comparison and depth of breath may come before it; without them the rest is the same
 */
export function impressionSentences(whole: Study, opening: boolean): string[] {
  const study = asShown(whole, phantomSettings().lateral);
  const grammar = reportGrammar();
  const random = draws(foldIn(key(study.detail), 4));
  const kinds = new Set(study.findings.map((f) => f.kind));
  const mentions = groups(study)
    .map((group) => ({ at: random.uniform(0, 1) + (grammar.findings[group[0].kind].device ? 0.6 : 0), group }))
    .sort((a, b) => a.at - b.at)
    .map(({ group }) => mention(group, study, grammar, random));

  const needed = join(mentions, grammar, random);
  const optional: string[] = [...resolved(study, kinds, grammar, random)];
  if (kinds.size === 0)
    needed.push(fill(random.pick([grammar.normal, grammar.nothingAcute, grammar.nothingAcute, grammar.lungsClear]), {}, random));
  else if ([...kinds].every((kind) => QUIET.includes(kind)) && random.chance(0.6))
    optional.push(fill(random.pick([grammar.nothingAcute, grammar.lungsClear]), {}, random));
  if (random.chance(0.75)) optional.push(...negations(study, kinds, grammar, random));

  const before = openings(study, grammar, random);
  const count = (list: readonly string[]): number => plain(list.join('. ')).match(/[a-z]+|\d|[^\sa-z\d]/gi)?.length ?? 0;
  while (optional.length > 0 && count([...before, ...needed, ...optional]) > MOST_WORDS) optional.pop();
  const sentences = [...needed, ...optional].map(markedSentence);
  const numbered = sentences.length > 1 && random.chance(0.15);
  return [...(opening ? before.map(markedSentence) : []), ...sentences.map((s, i) => (numbered ? `${i + 1}. ${s}` : s))];
}

/** A study's impression as it is read. */
export function writeImpression(study: Study): string {
  return plain(impressionSentences(study, true).join(' '));
}
