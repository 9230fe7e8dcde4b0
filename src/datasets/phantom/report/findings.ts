/** The section FINDINGS: organ by organ what a study shows, and what is normal. */

import { foldIn, key } from '../../../engine';
import { type Draws, draws, fill } from '../../procedural';
import { reportGrammar, type SectionGrammar } from '../grammar';
import { type Group, groups, presence } from '../impression';
import { asShown } from '../place';
import { phantomSettings } from '../settings';
import { type FindingKind, PHANTOM_FINDINGS, type Study } from '../types';
import { markedSentence } from './markup';

/** How often an organ without findings is said to be normal. */
const SAID = 0.85;

/** Organs in the order of reports, with their findings. Whatever is in no other is a device. */
const LUNGS: readonly FindingKind[] = ['consolidation', 'pneumonia', 'edema', 'atelectasis', 'nodule', 'hyperinflation'];
const PLEURA: readonly FindingKind[] = ['effusion', 'pneumothorax', 'pleural thickening'];
const HEART: readonly FindingKind[] = ['cardiomegaly'];
const MEDIASTINUM: readonly FindingKind[] = ['widened mediastinum', 'hiatal hernia'];
const BONES: readonly FindingKind[] = ['fracture'];
const DEVICES: readonly FindingKind[] = PHANTOM_FINDINGS.filter(
  (kind) => ![LUNGS, PLEURA, HEART, MEDIASTINUM, BONES].some((organ) => organ.includes(kind)),
);

type Normal = keyof SectionGrammar['normal'];

/** What of an organ may be called normal: something is only said of what the view shows, and where nothing hides it. */
function normalOf(organ: readonly FindingKind[], study: Study): Normal | undefined {
  const has = (kinds: readonly FindingKind[]): boolean => study.findings.some(({ kind }) => kinds.includes(kind));
  const shows = (kind: FindingKind): boolean => study.view !== 'LATERAL' || phantomSettings().lateral.includes(kind);
  const hidden = study.findings.some((f) => f.kind === 'effusion' && f.grade === 2); // it covers a border of the heart and shifts it
  switch (organ) {
    case LUNGS:
      if (has([...LUNGS, 'effusion'])) return has(['consolidation', 'pneumonia', 'effusion']) ? undefined : 'airspace';
      return 'lungs';
    case PLEURA: {
      if (!shows('pneumothorax')) return has(['effusion']) ? undefined : 'effusion';
      if (!has(PLEURA)) return 'pleura';
      if (has(['effusion', 'pneumothorax'])) return has(['pneumothorax']) ? undefined : 'pneumothorax';
      return undefined;
    }
    case HEART:
      return has(HEART) || hidden ? undefined : 'heart';
    case MEDIASTINUM:
      return has(MEDIASTINUM) || has(HEART) || hidden || !shows('widened mediastinum') ? undefined : 'mediastinum';
    case BONES:
      return has(BONES) || !shows('fracture') ? undefined : 'bones';
    default:
      return has(DEVICES) || study.view === 'LATERAL' ? undefined : 'devices';
  }
}

function organSentences(organ: readonly FindingKind[], all: readonly Group[], study: Study, random: Draws): string[] {
  const grammar = reportGrammar();
  const out = all.filter(([{ kind }]) => organ.includes(kind)).map((group) => presence(group, study, grammar, random));
  const normal = normalOf(organ, study);
  if (normal && random.chance(SAID)) out.push(fill(grammar.report.normal[normal], {}, random));
  return out;
}

/** The section's sentences, marked (`markup.ts`). Every finding is named; nothing is that the study's view does not show. */
export function findingsSentences(whole: Study): string[] {
  const study = asShown(whole, phantomSettings().lateral);
  const random = draws(foldIn(key(study.detail), 22));
  const all = groups(study);
  const sentences = [LUNGS, PLEURA, HEART, MEDIASTINUM, BONES, DEVICES].flatMap((organ) => organSentences(organ, all, study, random));
  const deep = study.findings.some(({ kind }) => kind === 'hyperinflation');
  if (study.inspiration < -0.6 && !deep) sentences.unshift(fill(reportGrammar().lowVolumes, {}, random));
  return (sentences.length > 0 ? sentences : [fill(reportGrammar().nothingAcute, {}, random)]).map(markedSentence);
}
