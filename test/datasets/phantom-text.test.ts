import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPhantom, type PhantomDataset, type Study } from 'roentgen-lab/datasets';

/** How each finding is recognised in a text; written without a look at the grammar's structure. */
const WORDS: readonly (readonly [string, RegExp])[] = [
  ['effusion', /effusion/],
  ['pneumothorax', /pneumothora/],
  ['consolidation', /consolidation/],
  ['pneumonia', /pneumonia/],
  ['atelectasis', /atelectasis/],
  ['edema', /edema/],
  ['cardiomegaly', /cardiomegaly|heart is enlarged|cardiac enlargement|enlargement of the (heart|cardiac)/],
  ['widened mediastinum', /mediastinal widening|widen\w* (of the \w+ )?mediastinum/],
  ['nodule', /nodule|\bmass\b/],
  ['fracture', /fracture/],
  ['hiatal hernia', /hernia/],
  ['pleural thickening', /pleural thickening/],
  ['hyperinflation', /hyperinflat/],
  ['pacemaker', /pacemaker/],
  ['endotracheal tube', /endotracheal|intubated|\bet tube/],
  ['central line', /central (venous )?(line|catheter)|(jugular|ij|subclavian) (line|catheter|central)/],
  ['feeding tube', /(feeding|nasogastric|enteric) tube/],
  ['chest tube', /(chest|thoracostomy) tube/],
  ['sternal wires', /wires/],
];

interface Mention {
  readonly finding: string;
  readonly negated: boolean;
  readonly sides: readonly string[];
}

/** Reads a text: a finding is negated after no, negative or without in its sentence, and where the sentence says that it is gone. */
function read(text: string): Mention[] {
  return text
    .toLowerCase()
    .split(/\.(?:\s|$)/)
    .flatMap((sentence) => {
      const gone = /resol|no longer|remov/.test(sentence);
      const no = sentence.search(/\bno\b|\bnegative\b|\bwithout\b/);
      return WORDS.flatMap(([finding, words]) => {
        const at = sentence.search(words);
        if (at < 0) return [];
        const both = /bilateral|bibasilar|both/.test(sentence);
        const sides = both ? ['left', 'right'] : [...new Set(sentence.match(/\b(left|right)\b/g) ?? [])];
        return [{ finding, negated: gone || (no >= 0 && no < at), sides }];
      });
    });
}

/** Words, digits and marks: what a byte-level tokenizer makes at least. */
function tokens(text: string): number {
  return text.match(/[a-z]+|\d|[^\sa-z\d]/gi)?.length ?? 0;
}

function checkTruth(phantom: PhantomDataset, i: number): void {
  const { text, view } = phantom.record(i);
  const study: Study = phantom.study(i);
  const where = `record ${i}: ${text}`;
  const present = new Set<string>(study.findings.map((f) => f.kind));
  const mentions = read(text);
  for (const { finding, negated, sides } of mentions) {
    assert.equal(present.has(finding), !negated, `${where}: ${finding} is ${negated ? 'negated' : 'named'}`);
    if (negated) continue;
    const real = study.findings.flatMap((f) => (f.kind === finding && f.side ? [f.side as string] : []));
    if (view === 'LATERAL') assert.deepEqual(sides, [], `${where}: a lateral view shows no side`);
    for (const side of real) if (view !== 'LATERAL') assert.ok(sides.includes(side), `${where}: ${finding} is ${side}`);
  }
  const named = new Set(mentions.filter((m) => !m.negated).map((m) => m.finding));
  for (const kind of present) assert.ok(named.has(kind), `${where}: ${kind} is not named`);
  if (/clear/.test(text))
    assert.ok(!['effusion', 'consolidation', 'pneumonia', 'edema', 'nodule', 'atelectasis'].some((k) => present.has(k)), where);
  if (/heart size|silhouette is (normal|within)/i.test(text)) assert.ok(!present.has('cardiomegaly'), where);
  if (/no acute|no abnormality|normal (chest|study)/i.test(text))
    assert.ok(![...present].some((k) => /effusion|pneumo|edema|fracture/.test(k)), where);
}

test('an impression names what is there, with its side, and negates only what is not', () => {
  const phantom = openPhantom({ seed: 31, count: 3000, style: 'impression', views: ['PA', 'AP', 'LATERAL'] });
  for (let i = 0; i < phantom.length; i++) checkTruth(phantom, i);
});

test('a sentence about one finding alone names its side alone', () => {
  const phantom = openPhantom({ seed: 32, count: 1500, style: 'impression' });
  let seen = 0;
  for (let i = 0; i < phantom.length; i++) {
    const { text, sides } = phantom.record(i);
    for (const sentence of text.split(/\.(?:\s|$)/)) {
      const [only, second] = read(sentence);
      if (!only || second || only.negated || only.sides.length !== 1) continue;
      seen++;
      assert.equal(sides[only.finding], only.sides[0], `record ${i}: ${sentence}`);
    }
  }
  assert.ok(seen > 300, `${seen} sentences`);
});

test('a prompt names view, findings and sides in a small vocabulary', () => {
  const phantom = openPhantom({ seed: 33, count: 3000, views: ['PA', 'AP', 'LATERAL'] });
  const words = new Set<string>();
  let total = 0;
  for (let i = 0; i < phantom.length; i++) {
    checkTruth(phantom, i);
    const { text, view } = phantom.record(i);
    assert.ok(text.toLowerCase().startsWith(`${view!.toLowerCase()} chest radiograph.`), text);
    for (const word of text.toLowerCase().match(/[a-z]+/g)!) words.add(word);
    total += tokens(text);
  }
  assert.ok(words.size >= 30 && words.size <= 100, `${words.size} words: ${[...words].join(' ')}`);
  assert.ok(total / phantom.length > 9 && total / phantom.length < 18, `mean ${total / phantom.length} tokens`);
});

test('impressions are 3 to 120 tokens long and hardly ever repeat', () => {
  const phantom = openPhantom({ seed: 34, count: 2000, style: 'impression', views: ['PA', 'AP', 'LATERAL'] });
  const texts = Array.from({ length: phantom.length }, (_, i) => phantom.record(i).text);
  const lengths = texts.map(tokens).sort((a, b) => a - b);
  assert.ok(lengths[0]! >= 3 && lengths.at(-1)! <= 110, `${lengths[0]} to ${lengths.at(-1)}`); // room for words in several pieces
  assert.ok(lengths.at(-1)! > 60, 'there are long ones');
  assert.ok(new Set(texts).size > 1600, `${new Set(texts).size} different texts`);
  const all = texts.join(' ');
  for (const style of [
    /suggest|possible|suspected/i,
    /new since|new from|unchanged|stable/i,
    /resolv|resolution/i,
    /worsening|increas/i,
    /\b1\. /,
    /No evidence of|There is no/,
  ])
    assert.match(all, style);
});

test('findings that the phantom cannot place together are left out, not named', () => {
  const phantom = openPhantom({ seed: 35, count: 2000, findings: ['pneumothorax', 'nodule', 'consolidation'] });
  for (let i = 0; i < phantom.length; i++) {
    const { findings } = phantom.study(i);
    const air = findings.find((f) => f.kind === 'pneumothorax');
    for (const f of findings) if (air && f !== air) assert.notEqual(f.side, air.side, phantom.record(i).text);
  }
});
