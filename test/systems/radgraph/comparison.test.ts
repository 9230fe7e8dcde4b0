import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JSDOM } from 'jsdom';
import { compareEntities, phantomGold, type RadGraphReport, radGraphComparison } from 'roentgen-lab/systems';

type Written = readonly [words: string, label: string, ...relations: (readonly [kind: string, target: string])[]];

/** A report of entities whose words stand in it one after the other. */
function reportOf(...entities: readonly Written[]): RadGraphReport {
  let at = 0;
  const written = entities.map(([tokens, label, ...relations], i) => {
    const start_ix = at;
    at += tokens.split(' ').length;
    return [String(i + 1), { tokens, label, start_ix, end_ix: at - 1, relations }] as const;
  });
  return { text: entities.map(([words]) => words).join(' '), entities: Object.fromEntries(written) };
}
const verdicts = (one: RadGraphReport, other: RadGraphReport) =>
  Object.values(compareEntities(one, other)).map(({ verdict, other: says }) => (says === undefined ? verdict : `${verdict}: ${says}`));

test('a report agrees with itself in every entity, in both writings, and contradicts itself nowhere', async () => {
  const gold = await phantomGold({ count: 40, seed: 9, style: 'report', wording: 'grammar', typos: 0, doubt: 0.2, split: 'test' });
  for (const { annotations } of gold) {
    const [report] = annotations;
    const small = JSON.parse(
      JSON.stringify(report)
        .toLowerCase()
        .replace(/"label":"([^"]*)"/g, (_, label: string) => `"label":"${label.toUpperCase()}"`),
    );
    for (const other of [report, small as RadGraphReport]) assert.deepEqual(new Set(verdicts(report, other)), new Set(['agrees']));
  }
});

test('absence, doubt and sides contradict; other words, other classes and other heads stand alone', () => {
  const effusion = reportOf(['Effusion', 'OBS-DP']);
  assert.deepEqual(verdicts(effusion, reportOf(['effusion', 'OBS-DA'])), ['contradicts: OBS-DA']);
  assert.deepEqual(verdicts(effusion, reportOf(['effusion', 'OBS-U'])), ['contradicts: OBS-U']);
  assert.deepEqual(verdicts(effusion, reportOf(['effusion', 'OBS-U'], ['effusion', 'OBS-DP'])), ['agrees']);
  assert.deepEqual(verdicts(effusion, reportOf(['effusion', 'ANAT-DP'])), ['stands alone']);
  assert.deepEqual(verdicts(effusion, reportOf(['fluid', 'OBS-DP'])), ['stands alone']);
  assert.deepEqual(verdicts(effusion, reportOf()), ['stands alone']);

  const small = (head: string) => reportOf(['small', 'OBS-DP', ['modify', '2']], [head, 'OBS-DP']);
  assert.deepEqual(verdicts(small('effusion'), small('effusion')), ['agrees', 'agrees']);
  assert.deepEqual(verdicts(small('effusion'), small('mass')), ['stands alone', 'stands alone']);
  const absent = reportOf(['small', 'OBS-DA', ['modify', '2']], ['mass', 'OBS-DA']);
  assert.deepEqual(verdicts(small('effusion'), absent), ['stands alone', 'stands alone'], 'no small mass does not deny a small effusion');

  // The side stands where it lies, on what it lies in, or in its own words.
  const sided = (side: string, label: string) =>
    reportOf([side, 'ANAT-DP', ['modify', '2']], ['lobe', 'ANAT-DP'], ['mass', label, ['located_at', '2']]);
  assert.deepEqual(verdicts(sided('left', 'OBS-DP'), sided('Right', 'OBS-DP')), ['stands alone', 'agrees', 'contradicts: right']);
  assert.deepEqual(verdicts(sided('left', 'OBS-DP'), sided('left', 'OBS-DP')), ['agrees', 'agrees', 'agrees']);
  assert.deepEqual(verdicts(sided('left', 'OBS-DP'), sided('bilateral', 'OBS-DP')).at(-1), 'agrees');
  assert.deepEqual(verdicts(sided('left', 'OBS-DP'), reportOf(['mass', 'OBS-DP'])).at(-1), 'agrees', 'no side is said');
  assert.deepEqual(verdicts(sided('left', 'OBS-DA'), sided('right', 'OBS-DA')).at(-1), 'agrees', 'both absences can be true');
  const direct = (side: string) => reportOf([`${side}-sided`, 'ANAT-DP'], ['mass', 'OBS-U', ['located_at', '1']]);
  assert.deepEqual(verdicts(direct('left'), direct('right')), ['stands alone', 'contradicts: right']);
  assert.deepEqual(
    verdicts(direct('left'), reportOf(['left', 'OBS-U', ['modify', '2']], ['mass', 'OBS-U'])).at(-1),
    'agrees',
    'a side that modifies the finding itself',
  );
  assert.throws(() => compareEntities(reportOf(['mass', 'OBS-DP', ['located_at', '7']]), effusion), /target, 7, is no entity/);
});

test('the picture has both reports, their counts, a colour and a name for each verdict, and never markup of a report', () => {
  const generated = reportOf(['<b>mass</b>', 'OBS-DP'], ['effusion', 'OBS-DA'], ['edema', 'OBS-DP']);
  const reference = reportOf(['effusion', 'OBS-DP'], ['edema', 'OBS-DP']);
  const shown = radGraphComparison(generated, reference, ['Written <i>here</i>', 'Reference']).bundle();
  const page = new JSDOM(String(shown['text/html'])).window.document;
  assert.equal(page.querySelectorAll('svg').length, 2);
  assert.equal(page.querySelectorAll('b, i').length, 0);
  assert.match(page.body.textContent!, /Written <i>here<\/i>: entities that agree 1, contradict 1, stand alone 1/);
  assert.match(page.body.textContent!, /Reference: entities that agree 1, contradict 1, stand alone 0/);
  const colours = new Map(
    [...page.querySelectorAll('g.rg-span')].map((g) => [
      g.querySelector('title')!.textContent!,
      g.querySelector('rect')!.getAttribute('stroke'),
    ]),
  );
  assert.equal(new Set(colours.values()).size, 3, [...colours].join('; '));
  assert.ok(colours.has('effusion: OBS-DA (contradicts, absent) ≠ OBS-DP') && colours.has('effusion: OBS-DP (contradicts) ≠ OBS-DA'));
  assert.match(String(shown['text/plain']), /\[effusion: OBS-DA, absent ≠ OBS-DP\]/);
});
