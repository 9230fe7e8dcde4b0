import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOpenI } from 'roentgen-lab/datasets';
import { cleanIndication, cleanIndications } from 'roentgen-lab/systems';
import { sharedData } from '../../support';

test('each rule', () => {
  const rows: [string, string][] = [
    ['56 year old female with chest pain.', '56 woman with chest pain'],
    ['History: ___F with cough // eval for PNA?', 'woman with cough eval for pna'],
    ['72-year-old M, s/p CABG', '72 man sp cabg'],
    ['Women. Dyspnea, fever,', 'woman dyspnea , fever'],
    ['Cough. Fever.', 'cough , fever'],
    ['Temp 38.5 since 1/2', 'temp 38,5 since 12'],
    ['eval: (r/o) PNA -- @night*!', 'eval : ( ro ) pna night'],
    ['male with fm radio', 'man with fm radio'],
    ['pain., fever', 'pain , fever'],
    ['Reason: : ( ) cough', 'reason  cough'],
    ['65 years old men', '65 years old man'],
    ['___', ''],
    ['Female.', 'woman'],
    ['.', ''],
    ['', ''],
  ];
  for (const [text, expected] of rows) assert.equal(cleanIndication(text), expected, JSON.stringify(text));
});

test('counts of many', () => {
  const { cleaned, counts } = cleanIndications(['Cough', undefined, ' ', '___', 'F with pain.', 'History: 5 year old M']);
  assert.deepEqual(cleaned, ['cough', '', '', '', 'woman with pain', '5 man']);
  assert.deepEqual(counts, {
    texts: 6,
    absent: 2,
    emptied: 1,
    changed: 3,
    byRule: { marks: 1, history: 1, age: 1, woman: 1, man: 1, stops: 2 },
  });
});

test("Open-i's indications come out clean", async (t) => {
  const archive = sharedData('open_i', 'NLMCXR_reports.tgz');
  if (archive === undefined) {
    t.skip('shared/data has no Open-i reports');
    return;
  }
  const reports = await readOpenI(archive);
  const { cleaned, counts } = cleanIndications(reports.map(({ sections }) => sections.indication));
  const sections = ['indication', 'findings', 'impression', 'comparison'] as const;
  t.diagnostic(JSON.stringify({ ...counts, sections: sections.map((name) => reports.filter((report) => report.sections[name]).length) }));
  assert.equal(counts.texts, reports.length);
  assert.equal(counts.texts - counts.absent, reports.filter((report) => report.sections.indication).length);
  assert.ok(counts.emptied <= counts.changed && counts.changed <= counts.texts - counts.absent);
  assert.equal(cleaned.filter((text) => text === '').length, counts.absent + counts.emptied);
  assert.ok(counts.byRule.woman > 0 && counts.byRule.man > 0 && counts.byRule.age > 0);
  for (const text of cleaned)
    assert.doesNotMatch(text, /[/?_!*@.\p{Lu}]|--|-year-old|year old|history:|\b(?:f|m|female|male|women|men)\b|\s\s|^\s|\s$/u);
});
