import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Finding, LEAST_CHANGE, openPhantom, type Study, studyChanges, writeProgression } from 'roentgen-lab/datasets';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const severity = (f: Finding): number => (f.grade + f.amount) / 3;

/** Words by which a finding is recognised in a progression text. */
const NAMES: Record<string, RegExp> = {
  effusion: /effusion/,
  pneumothorax: /pneumothorax/,
  consolidation: /consolidation/,
  nodule: /nodule|mass/,
  pacemaker: /pacemaker/,
  cardiomegaly: /cardiomegaly/,
  edema: /edema/,
  'endotracheal tube': /endotracheal/,
  pneumonia: /pneumonia/,
  atelectasis: /atelectasis/,
  'pleural thickening': /thickening/,
  'widened mediastinum': /mediastinal widening/,
  'hiatal hernia': /hernia/,
  fracture: /fracture/,
  hyperinflation: /hyperinflation/,
  'central line': /central line/,
  'feeding tube': /(feeding|nasogastric) tube/,
  'chest tube': /chest tube/,
  'sternal wires': /wires/,
};

/** What a sentence says happened. */
function said(sentence: string): string {
  if (/resolved|no longer|removed/.test(sentence)) return 'resolved';
  if (/\bnew\b|developed|placed/.test(sentence)) return 'new';
  if (/increased|larger|worse/.test(sentence)) return 'larger';
  if (/decreased|smaller|less marked|improved/.test(sentence)) return 'smaller';
  return 'unchanged';
}

/** Pairs of frontal studies of one patient, one after the other. */
function* pairs(seed: number, style: 'prompt' | 'impression', count: number): Generator<[Study, Study]> {
  const phantom = openPhantom({ seed, count, style });
  for (const i of range(count)) {
    const prior = phantom.prior(i);
    if (prior) yield [prior, phantom.study(i)];
  }
}

test('the prior study is the record before, with the findings that the later one remembers', () => {
  const phantom = openPhantom({ seed: 61, count: 300, style: 'impression' });
  for (const i of range(300)) {
    const study = phantom.study(i);
    if (study.number === 0) assert.equal(phantom.prior(i), undefined);
    else {
      assert.deepEqual(phantom.prior(i), phantom.study(i - 1));
      assert.deepEqual(study.prior, phantom.study(i - 1).findings);
    }
  }
});

test('a progression says of each finding of both studies what became of it, with its side and place', () => {
  const seen = new Map<string, number>();
  for (const style of ['prompt', 'impression'] as const)
    for (const [prior, study] of pairs(62, style, 1500)) {
      const { text } = writeProgression(prior, study);
      const sentences = text
        .toLowerCase()
        .split(/\.(?:\s|$)/)
        .filter((s) => s !== '');
      const changes = studyChanges(prior.findings, study.findings);
      const place = ({ side, lobe, zone, kind }: Finding): string[] => [
        ...(side ? [side] : []),
        ...(lobe ? [`${lobe} lobe`] : []),
        ...(kind === 'nodule' ? [`${zone} zone`] : []),
      ];
      let mentions = 0;
      for (const { kind, finding } of changes) {
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        // Exactly one phrase of one sentence is about it.
        const about = sentences.flatMap((sentence) =>
          sentence
            .split(/, | and /)
            .filter(
              (phrase) =>
                said(sentence) === kind && NAMES[finding.kind]!.test(phrase) && place(finding).every((word) => phrase.includes(word)),
            ),
        );
        assert.equal(about.length, 1, `${text}: ${kind} ${finding.kind} ${place(finding).join(' ')}: ${about.length} phrases`);
      }
      for (const sentence of sentences)
        for (const phrase of sentence.split(/, | and /)) mentions += Object.values(NAMES).filter((name) => name.test(phrase)).length;
      assert.equal(mentions, changes.length, `${text}: nothing else is named`);
    }
  for (const kind of ['new', 'resolved', 'larger', 'smaller', 'unchanged'])
    assert.ok((seen.get(kind) ?? 0) > 50, `${kind}: ${seen.get(kind)}`);
});

test('changes follow from both lists of parameters', () => {
  for (const [prior, study] of pairs(63, 'impression', 800)) {
    const same = (a: Finding, b: Finding): boolean =>
      a.kind === b.kind &&
      a.side === b.side &&
      a.lobe === b.lobe &&
      a.zone === b.zone &&
      (a.kind !== 'pacemaker' || a.grade > 0 === b.grade > 0);
    for (const { kind, finding } of studyChanges(prior.findings, study.findings)) {
      const before = prior.findings.find((f) => same(f, finding));
      const after = study.findings.find((f) => same(f, finding));
      if (kind === 'new') assert.ok(!before && after);
      else if (kind === 'resolved') assert.ok(before && !after);
      else {
        assert.ok(before && after);
        const more = severity(after) - severity(before);
        if (kind === 'larger') assert.ok(more >= LEAST_CHANGE);
        if (kind === 'smaller') assert.ok(more <= -LEAST_CHANGE);
      }
    }
  }
});

test('a progression is annotated: what is new or the same is there, what resolved is not', () => {
  for (const [prior, study] of pairs(64, 'impression', 300)) {
    const { text, tokens, entities } = writeProgression(prior, study);
    for (const { start, end, tokens: words } of entities) assert.equal(tokens.slice(start, end + 1).join(' '), words);
    const absent = entities.filter((e) => e.label === 'OBS-DA' && /effusion|pneumothorax|edema/.test(e.tokens));
    const resolved = studyChanges(prior.findings, study.findings).filter((c) => c.kind === 'resolved');
    for (const { tokens: words } of absent)
      assert.ok(
        resolved.some(({ finding }) => finding.kind === words),
        text,
      );
    assert.deepEqual(writeProgression(prior, study).text, text);
  }
});

test('a lateral view has no progression with sides, nor have two patients', () => {
  const phantom = openPhantom({ seed: 65, count: 100, style: 'impression' });
  const later = range(100).find((i) => phantom.prior(i))!;
  const study = phantom.study(later);
  assert.throws(() => writeProgression(phantom.prior(later)!, { ...study, view: 'LATERAL' }), /frontal/);
  const stranger = range(100)
    .map((i) => phantom.study(i))
    .find((s) => s.patient.index !== study.patient.index)!;
  assert.throws(() => writeProgression(stranger, study), /one patient/);
});
