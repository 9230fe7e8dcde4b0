import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AnnotatedText,
  annotateStudy,
  CHEXPERT_LABELS,
  type ChexpertLabel,
  INDICATION_RATES,
  openPhantom,
  PHANTOM_FINDINGS,
  radgraphOf,
  type Study,
  writeReport,
} from 'roentgen-lab/datasets';
import { chexpertLabels } from '#datasets/phantom/chexpert';
import { annotate } from '#datasets/phantom/report/annotate';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const views = ['PA', 'AP', 'LATERAL'] as const;

/** RadGraph's tokenisation, as its code does it: spaces around the marks, then split. */
const radgraphSplit = (text: string): string[] =>
  text
    .replace(/([/,:.!?()])/g, ' $1 ')
    .split(/\s+/)
    .filter((token) => token !== '');

function checkSpans({ text, tokens, entities }: AnnotatedText): void {
  assert.deepEqual(tokens, radgraphSplit(text), text);
  entities.forEach(({ start, end, tokens: words, label, relations }, i) => {
    assert.ok(0 <= start && start <= end && end < tokens.length, text);
    assert.equal(words, tokens.slice(start, end + 1).join(' '), text);
    assert.ok(i === 0 || entities[i - 1]!.end < start, `${text}: ${words} overlaps the one before`);
    for (const { kind, to } of relations) {
      const other = entities[to]!;
      assert.ok(other && other !== entities[i], `${text}: ${words} ${kind} ${to}`);
      const anatomy = (l: string): boolean => l === 'ANAT-DP';
      if (kind === 'located_at') assert.ok(!anatomy(label) && anatomy(other.label), `${text}: ${words} located_at ${other.tokens}`);
      if (kind === 'modify') assert.equal(anatomy(label), anatomy(other.label), `${text}: ${words} modify ${other.tokens}`);
      if (kind === 'suggestive_of') assert.ok(!anatomy(label) && !anatomy(other.label), `${text}: ${words} suggestive_of ${other.tokens}`);
    }
  });
}

/** The label that words for each finding have; hiatal hernia and hyperinflation have none. */
const LABEL_OF: Readonly<Record<string, ChexpertLabel>> = {
  effusion: 'Pleural Effusion',
  pneumothorax: 'Pneumothorax',
  consolidation: 'Consolidation',
  nodule: 'Lung Lesion',
  cardiomegaly: 'Cardiomegaly',
  edema: 'Edema',
  pneumonia: 'Pneumonia',
  atelectasis: 'Atelectasis',
  'pleural thickening': 'Pleural Other',
  'widened mediastinum': 'Enlarged Cardiomediastinum',
  fracture: 'Fracture',
  pacemaker: 'Support Devices',
  'endotracheal tube': 'Support Devices',
  'central line': 'Support Devices',
  'feeding tube': 'Support Devices',
  'chest tube': 'Support Devices',
  'sternal wires': 'Support Devices',
};

/** Labels of a text against what the study shows. */
function checkLabels({ text, labels }: AnnotatedText, study: Study): void {
  // Pneumonia counts as a consolidation of the study, but a text may say that another consolidation has resolved.
  const truth = { ...chexpertLabels(study), Consolidation: study.findings.some((f) => f.kind === 'consolidation') ? 1 : 0 };
  for (const label of CHEXPERT_LABELS) {
    const said = labels[label];
    if (said === undefined || label === 'No Finding') continue;
    assert.equal(said === 0 ? 0 : 1, truth[label], `${text}: ${label} is ${said}, the study's is ${truth[label]}`);
  }
}

test('an impression and a prompt carry the same characters with and without their entities', () => {
  for (const style of ['prompt', 'impression'] as const) {
    const phantom = openPhantom({ seed: 51, count: 1500, style, views: [...views] });
    for (const i of range(phantom.length)) {
      const annotated = annotateStudy(phantom.study(i), style);
      assert.equal(annotated.text, phantom.record(i).text);
      assert.doesNotMatch(annotated.text, /[<>[\]{}|]/);
      checkSpans(annotated);
      checkLabels(annotated, phantom.study(i));
    }
  }
});

test('every section of a report is true of its study, and every finding is named in both', () => {
  const phantom = openPhantom({ seed: 52, count: 2500, style: 'impression', views: [...views] });
  const [lengths, labels] = [[] as number[], new Map<string, number>()];
  for (const i of range(phantom.length)) {
    const study = phantom.study(i);
    const report = writeReport(study);
    for (const section of [report.findings, report.impression]) {
      checkSpans(section);
      checkLabels(section, study);
      assert.doesNotMatch(section.text, /[<>[\]{}|]|\.\.|undefined/);
      if (study.view === 'LATERAL') assert.doesNotMatch(section.text, /\b(left|right)\b/i);
      for (const { kind } of study.findings) {
        const label = LABEL_OF[kind];
        if (label) assert.ok(section.labels[label] === 1 || section.labels[label] === -1, `${section.text}: ${label}`);
      }
      const quiet = study.findings.every(({ kind }) => [undefined, 'Support Devices'].includes(LABEL_OF[kind]));
      assert.equal(section.labels['No Finding'], quiet ? 1 : undefined, section.text);
    }
    assert.ok(!Object.values(report.findings.labels).includes(-1), 'findings are described without doubt');
    for (const [label, value] of Object.entries(report.impression.labels))
      labels.set(`${label} ${value}`, (labels.get(`${label} ${value}`) ?? 0) + 1);
    lengths.push(report.findings.tokens.length);
    assert.deepEqual(writeReport(study), report, 'the same again');
  }
  lengths.sort((a, b) => a - b);
  assert.ok(lengths[1250]! > 25 && lengths.at(-1)! < 200, `median ${lengths[1250]}, longest ${lengths.at(-1)}`);
  for (const kind of [
    'Pleural Effusion 1',
    'Pleural Effusion 0',
    'Pleural Effusion -1',
    'No Finding 1',
    'Cardiomegaly 0',
    'Lung Opacity 1',
  ])
    assert.ok((labels.get(kind) ?? 0) > 5, `${kind}: ${labels.get(kind)}`);
});

test('FINDINGS says of organs that they are normal only where they are', () => {
  const phantom = openPhantom({ seed: 53, count: 2000, style: 'impression' });
  const said = new Map<string, number>();
  for (const i of range(phantom.length)) {
    const study = phantom.study(i);
    const has = (...kinds: string[]): boolean => study.findings.some((f) => kinds.includes(f.kind));
    const { text } = writeReport(study).findings;
    const check = (pattern: RegExp, ...kinds: string[]): void => {
      if (!pattern.test(text)) return;
      said.set(pattern.source, (said.get(pattern.source) ?? 0) + 1);
      assert.ok(!has(...kinds), `record ${i}: ${text}`);
    };
    check(/lungs are clear/i, 'consolidation', 'pneumonia', 'edema', 'nodule', 'atelectasis', 'effusion', 'hyperinflation');
    check(/heart( size)? is normal|cardiac silhouette is (normal|within)/i, 'cardiomegaly');
    check(/mediastinum is not widened|mediastinal contours/i, 'widened mediastinum', 'hiatal hernia');
    check(/(ribs|bones) are intact|no (displaced )?rib fracture/i, 'fracture');
    check(/no pleural effusion/i, 'effusion');
    check(/no (pleural effusion or )?pneumothorax/i, 'pneumothorax');
    check(/pleural spaces are clear/i, 'effusion', 'pneumothorax', 'pleural thickening');
    check(
      /no support devices|no lines or tubes/i,
      ...['pacemaker', 'central line', 'feeding tube', 'chest tube', 'endotracheal tube', 'sternal wires'],
    );
  }
  for (const [pattern, n] of said) assert.ok(n > 40, `${pattern}: ${n}`);
  assert.equal(said.size, 8);
});

/** Symptoms by the finding whose indication names them; written without a look at the grammar's structure. */
const SYMPTOMS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/fever|cough|chills/, ['pneumonia', 'consolidation']],
  [/dyspnea|orthopnea|leg swelling|lying down/, ['edema', 'effusion', 'cardiomegaly']],
  [/sudden/, ['pneumothorax']],
  [/weight loss|hemoptysis/, ['nodule']],
  [/fall\b|collision|trauma/, ['fracture']],
  [/wheezing|smok/, ['hyperinflation']],
  [/heartburn|reflux/, ['hiatal hernia']],
  [/back pain/, ['widened mediastinum']],
  [/surgery|bed rest/, ['atelectasis']],
  [/asbestos|empyema/, ['pleural thickening']],
];

test('the indication names symptoms at its stated rates, and never a finding', () => {
  const phantom = openPhantom({ seed: 54, count: 6000, style: 'impression' });
  const counts = SYMPTOMS.map(() => ({ with: 0, cuedWith: 0, without: 0, cuedWithout: 0 }));
  for (const i of range(phantom.length)) {
    const study = phantom.study(i);
    const { indication } = writeReport(study);
    assert.match(indication, /^[A-Z0-9].*\.$/);
    for (const kind of PHANTOM_FINDINGS) assert.ok(!indication.toLowerCase().includes(kind), indication);
    assert.doesNotMatch(indication, /\b(left|right|tube|line|wires)\b/i);
    SYMPTOMS.forEach(([words, kinds], k) => {
      const present = study.findings.some((f) => kinds.includes(f.kind));
      const cued = words.test(indication.toLowerCase());
      counts[k]![present ? 'with' : 'without']++;
      if (cued) counts[k]![present ? 'cuedWith' : 'cuedWithout']++;
    });
  }
  counts.forEach((c, k) => {
    const near = (hits: number, n: number, rate: number): void => {
      const margin = 4 * Math.sqrt((rate * (1 - rate)) / n);
      assert.ok(Math.abs(hits / n - rate) < margin, `${SYMPTOMS[k]![0].source}: ${hits} of ${n}, expected ${rate} ± ${margin}`);
    };
    near(c.cuedWith, c.with, INDICATION_RATES.withFinding);
    near(c.cuedWithout, c.without, INDICATION_RATES.without);
  });
});

test('entities and relations are those of the marks', () => {
  const { tokens, entities, labels } = annotate([
    'No <!:[m acute] [a cardiopulmonary] [o process]>.',
    '[f Findings] suggest <pneumonia?:[m patchy] [o opacity] in the [b left] [b lower] [a lobe], consistent with [s pneumonia]>.',
    '<effusion:[m Small] [b left]-sided [a pleural] [o effusion]>, [m new] since the prior study.',
  ]);
  const line = (i: number): string => {
    const { tokens: words, label, relations } = entities[i]!;
    return `${words} ${label}${relations.map(({ kind, to }) => ` ${kind} ${entities[to]!.tokens}`).join('')}`;
  };
  assert.deepEqual(
    entities.map((_, i) => line(i)),
    [
      'acute OBS-DA modify process',
      'cardiopulmonary ANAT-DP',
      'process OBS-DA located_at cardiopulmonary',
      'Findings OBS-DP suggestive_of opacity',
      'patchy OBS-U modify opacity',
      'opacity OBS-U located_at lobe suggestive_of pneumonia',
      'left ANAT-DP modify lobe',
      'lower ANAT-DP modify lobe',
      'lobe ANAT-DP',
      'pneumonia OBS-U',
      'Small OBS-DP modify effusion',
      'left-sided ANAT-DP modify pleural',
      'pleural ANAT-DP',
      'effusion OBS-DP located_at pleural',
      'new OBS-DP modify effusion',
    ],
  );
  assert.equal(tokens[entities[14]!.start], 'new');
  assert.deepEqual(labels, { 'Lung Opacity': -1, Pneumonia: -1, 'Pleural Effusion': 1 });
});

test("a report in RadGraph's form has the same entities, counted from 1 over both sections", () => {
  const phantom = openPhantom({ seed: 55, count: 200, style: 'impression' });
  for (const i of range(200)) {
    const report = writeReport(phantom.study(i));
    const { text, entities } = radgraphOf(report, 'test');
    const tokens = text.split(' ');
    const all = Object.values(entities);
    assert.equal(all.length, report.findings.entities.length + report.impression.entities.length);
    for (const { tokens: words, start_ix: start, end_ix: end, relations } of all) {
      assert.equal(tokens.slice(start, end + 1).join(' '), words);
      for (const [, to] of relations) assert.ok(entities[to], `${text}: entity ${to}`);
    }
  }
});
