import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPhantom, openWorld, PHANTOM_FINDINGS, phantomSplit } from 'roentgen-lab/datasets';
import { askedFindings } from '#datasets/internal';
import { accuracyOf, balancedAccuracyOf, confusionOf, mostFrequent } from '#evaluation/ground-truth/confusion';
import { confusionFigure } from '#evaluation/ground-truth/figures';
import { questionsOf, studiesOf } from '#evaluation/ground-truth/questions';

test('what is asked for is what the words of the prompt say, of frontal and lateral views and all findings', () => {
  const words = {
    side: { left: /\bleft\b/, right: /\bright\b/ },
    grade: [/\b(small|mild)\b/, /\bmoderate\b/, /\b(large|severe)\b/],
    zone: { upper: /\bupper\b/, mid: /\bmid\b/, lower: /\blower\b/ },
    lobe: { upper: /\bupper\b/, middle: /\bmiddle\b/, lower: /\blower\b/ },
  } as const;
  const name: Partial<Record<string, string>> = {
    'widened mediastinum': 'widened mediastinum',
    'pleural thickening': 'thickening',
    fracture: 'rib fracture',
    hyperinflation: 'hyperinflated',
    effusion: 'pleural effusion',
  };
  const seen = new Set<string>();
  const phantom = openPhantom({ count: 300, findings: PHANTOM_FINDINGS, views: ['PA', 'AP', 'LATERAL'], cache: false });
  for (let i = 0; i < phantom.length; i++) {
    const text = phantom.record(i).text.toLowerCase();
    const asked = askedFindings(phantom.study(i));
    const { labels } = phantom.record(i);
    assert.deepEqual(
      [...new Set(asked.map(({ kind }) => kind))].sort(),
      Object.keys(labels)
        .filter((kind) => labels[kind] === 1)
        .sort(),
    );
    for (const { kind, ...attributes } of asked) {
      const sentences = text.split('.').filter((sentence) => sentence.includes(name[kind] ?? kind));
      assert.ok(sentences.length > 0, `${kind} in "${text}"`);
      const every = { side: undefined, grade: undefined, zone: undefined, lobe: undefined, ...attributes };
      for (const [attribute, value] of Object.entries(every)) {
        const patterns = words[attribute as keyof typeof words] as Record<string, RegExp>;
        if (value !== undefined) {
          seen.add(`${kind}: ${attribute}`);
          assert.ok(
            sentences.some((sentence) => patterns[value]!.test(sentence)),
            `${kind}: ${attribute} ${value} in "${text}"`,
          );
        } else if (attribute === 'side' || attribute === 'grade')
          for (const pattern of Object.values(patterns))
            assert.ok(!sentences.some((sentence) => pattern.test(sentence)), `${kind}: ${attribute} is said in "${text}" and not told`);
      }
    }
  }
  for (const each of ['effusion: side', 'effusion: grade', 'consolidation: lobe', 'nodule: zone', 'pacemaker: side', 'edema: grade'])
    assert.ok(seen.has(each), each);
});

test('questions have the answers of the parameters, and none where nothing is asked', () => {
  const phantom = openPhantom({ count: 200, cache: false });
  const studies = studiesOf(phantom, 200);
  const questions = questionsOf(phantom.population.findings, ['AP', 'PA']);
  const of = (name: string): (typeof questions)[0] => questions.find(({ head }) => head.name === name)!;
  for (const study of studies) {
    const effusion = study.findings.filter(({ kind }) => kind === 'effusion');
    assert.equal(of('effusion').answer(study), effusion.length > 0 ? 1 : 0);
    assert.equal(of('effusion: grade').answer(study), effusion.length === 1 ? effusion[0]!.grade : -1);
    assert.equal(of('effusion: side').answer(study), effusion.length === 1 ? ['left', 'right'].indexOf(effusion[0]!.side!) : -1);
    assert.equal(of('view').answer(study), study.view === 'AP' ? 0 : 1);
  }
  assert.deepEqual(
    questions.filter(({ attribute }) => attribute === 'device').map(({ finding }) => finding),
    ['pacemaker', 'endotracheal tube'],
  );
  assert.equal(
    questionsOf(['edema'], ['PA']).some(({ attribute }) => attribute === 'view'),
    false,
  );
});

test('only the phantom with short prompts has a ground truth', () => {
  assert.throws(() => studiesOf(openWorld({ count: 5, cache: false }), 5), /world: only of drawn images.*--data phantom/);
  assert.throws(() => studiesOf(openPhantom({ count: 5, style: 'impression', cache: false }), 5), /short prompts/);
  assert.throws(() => studiesOf(phantomSplit({ train: 6, test: 2, style: 'both' }).train, 5), /data.style is "prompt"/);
});

test('confusion tables count what is read of what is asked', () => {
  const question = {
    attribute: 'grade',
    finding: 'edema',
    head: { name: 'edema: grade', answers: ['a', 'b', 'c'] },
    answer: () => 0,
  } as const;
  const probabilities = Float32Array.from([0.6, 0.2, 0.2, 0.1, 0.2, 0.7, 0.2, 0.5, 0.3, 0.9, 0.1, 0]);
  const confusion = confusionOf('real', question, [0, 0, 1, -1], probabilities);
  assert.deepEqual(confusion.counts, [
    [1, 0, 1],
    [0, 1, 0],
    [0, 0, 0],
  ]);
  assert.equal(accuracyOf([confusion]).asked, 3);
  assert.ok(Math.abs(accuracyOf([confusion, confusion]).correct!.value - 2 / 3) < 1e-12);
  assert.ok(Math.abs(mostFrequent([confusion])!.value - 2 / 3) < 1e-12);
  assert.equal(balancedAccuracyOf(confusion), 0.75);
  const empty = confusionOf('real', question, [-1], Float32Array.from([1, 0, 0]));
  assert.equal(accuracyOf([empty]).correct, null);
  const { figure, name } = confusionFigure('grade', [confusion, { ...confusion, set: 'model' }])!;
  assert.equal(name, 'confusion-grade');
  const [panel] = (figure as { spec?: { data: { y: string[]; z: number[][] }[] } }).spec!.data;
  assert.deepEqual(panel!.y, ['edema: a', 'edema: b']);
  assert.deepEqual(panel!.z, [
    [0.5, 0, 0.5],
    [0, 1, 0],
  ]);
  assert.equal(confusionFigure('zone', [confusion]), undefined);
});
