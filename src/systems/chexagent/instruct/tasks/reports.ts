/** Tasks of reports: sections to be written, texts that belong to an image. */

import type { ImageRecord } from '../../../../datasets';
import { type InstructSource, isFrontal } from '../source';
import { another, type Draft, some, type Task } from '../task';
import { sentences, withoutComparisons } from '../words';

/** Images of a record's study that are shown: PA before AP before lateral ones, two at most, the record's own among them. */
function imagesOf({ records }: InstructSource, i: number): number[] {
  const { study, patient } = records[i]!;
  if (study === undefined) return [i];
  const order = ['PA', 'AP', 'LATERAL', 'LL'];
  const rank = (j: number): number => (order.indexOf(records[j]!.view?.toUpperCase() ?? '') + order.length + 1) % (order.length + 1);
  const beside = [i - 1, i + 1, i + 2].filter((j) => records[j]?.study === study && records[j]!.patient === patient);
  return [i, ...beside.slice(0, 1)].sort((a, b) => rank(a) - rank(b) || a - b);
}

const findingsOf = ({ sections }: ImageRecord): string => withoutComparisons(sections?.findings ?? '');
const impressionOf = ({ sections }: ImageRecord): string => withoutComparisons(sections?.impression ?? '');

/** A section of the images, perhaps with the indication. */
const section = (name: string, asked: string, of: (record: ImageRecord) => string, withIndication: boolean): Task => ({
  name,
  make(source, i) {
    const record = source.records[i]!;
    const indication = record.sections?.indication ?? '';
    const answer = of(record);
    if (answer === '' || (withIndication && indication === '')) return undefined;
    return {
      images: imagesOf(source, i),
      question: withIndication ? `Indication: ${indication}\n${asked}` : asked,
      answer,
      ...(withIndication && { text: indication }),
    };
  },
});

const FINDINGS = 'Write the findings of this chest radiograph.';
const IMPRESSION = 'Write the impression of this chest radiograph.';

/** Parts of the chest that single sentences are about. */
const PARTS: Readonly<Record<string, RegExp>> = {
  pleura: /pleura|effusion|pneumothora/i,
  heart: /heart|cardi/i,
  lungs: /lung|consolidation|opacit|airspace|edema/i,
  mediastinum: /mediastin|hila|hernia/i,
  bones: /bone|osseous|rib|fracture/i,
};

export const reportTasks: readonly Task[] = [
  section('Findings Generation', FINDINGS, findingsOf, false),
  section('Findings Generation with Indication', FINDINGS, findingsOf, true),
  section('Impression Generation', IMPRESSION, impressionOf, false),
  section('Impression Generation with Indication', IMPRESSION, impressionOf, true),
  {
    name: 'Local Findings Generation',
    make({ records }, i, random) {
      const all = sentences(findingsOf(records[i]!));
      const parts = Object.entries(PARTS).flatMap(([part, words]) => {
        const said = all.filter((sentence) => words.test(sentence));
        return said.length > 0 ? [[part, said.join(' ')] as const] : [];
      });
      if (parts.length === 0) return undefined;
      const [part, answer] = random.pick(parts);
      return { images: [i], question: `Write the findings of the ${part}.`, answer };
    },
  },
  {
    name: 'Findings Summarization',
    make({ records }, i) {
      const [findings, impression] = [findingsOf(records[i]!), impressionOf(records[i]!)];
      if (findings === '' || impression === '') return undefined;
      return { images: [], question: `Findings: ${findings}\nSummarize them as an impression.`, answer: impression, text: findings };
    },
  },
  {
    name: 'Image-Text Matching',
    make(source, i, random) {
      const own = findingsOf(source.records[i]!);
      if (own === '' || !isFrontal(source.records[i]!)) return undefined;
      const isOwn = random.chance(0.5);
      const j = isOwn
        ? i
        : another(source, i, random, (j) => findingsOf(source.records[j]!) !== '' && findingsOf(source.records[j]!) !== own);
      if (j === undefined) return undefined;
      const text = findingsOf(source.records[j]!);
      return {
        images: [i],
        question: `Findings: ${text}\nDo they belong to this chest radiograph?`,
        answer: isOwn ? 'yes' : 'no',
        inOrder: ['yes', 'no'],
        text,
      };
    },
  },
  {
    name: 'Image-Text Selection',
    make(source, i, random): Draft | undefined {
      const sentence = (j: number): string => random.pick(sentences(impressionOf(source.records[j]!)).concat('').slice(0, 1));
      const own = sentence(i);
      if (own === '') return undefined;
      const others: string[] = [];
      for (let tries = 0; tries < 12 && others.length < 3; tries++) {
        const j = another(source, i, random, () => true);
        const other = j === undefined ? '' : sentence(j);
        if (other !== '' && other !== own && !others.includes(other)) others.push(other);
      }
      return others.length < 3
        ? undefined
        : { images: [i], question: 'Which sentence belongs to this chest radiograph?', answer: own, wrong: some(others, 3, random) };
    },
  },
];
