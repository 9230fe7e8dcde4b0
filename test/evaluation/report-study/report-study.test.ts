import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { key } from 'roentgen-lab/engine';
import { evaluateReportStudy, openReportStudy, type ReportPair, readReportPairs, writeReportPairs } from 'roentgen-lab/evaluation';
import { imagePaths } from '#evaluation/report-study/file';
import { reportCriteria, reportList, reportScore } from '#evaluation/report-study/list';
import { encodePng } from '#files/internal';
import { atEnd, tempDir } from '../../support';

const pairs = Array.from(
  { length: 12 },
  (_, i): ReportPair => ({
    sample: `s${i}`,
    study: `study ${i}`,
    images: i % 3 === 0 ? ['a.png', 'b.png'] : ['a.png'],
    indication: i % 2 === 0 ? 'Cough, "dry".' : '',
    candidate: `<b>Candidate</b>, ${i}`,
    reference: `Reference\n${i}`,
  }),
);

async function study(folder: string): Promise<string> {
  for (const name of ['a.png', 'b.png'])
    writeFileSync(join(folder, name), await encodePng({ width: 4, height: 6, channels: 1, data: new Uint8Array(24).fill(9) }));
  const file = join(folder, 'reader_study.csv');
  await writeReportPairs(file, pairs);
  return file;
}

test("CheXagent's CSV is written and read again; lists of images are read as JSON, Python and the command write them", async (t) => {
  const file = await study(tempDir(t));
  assert.equal(readFileSync(file, 'utf8').split('\n')[0], 'sample_id,study_id,images,indication,candidate,reference');
  assert.deepEqual(await readReportPairs(file), pairs);
  assert.deepEqual(imagePaths('["a.png", "b.png"]'), ['a.png', 'b.png']);
  assert.deepEqual(imagePaths("['a|1.png']"), ['a|1.png']);
  assert.deepEqual(imagePaths('a.png | b.png'), ['a.png', 'b.png']);
});

test('what a study cannot be made of is refused by row', async (t) => {
  const folder = tempDir(t);
  const file = await study(folder);
  const refused = async (changes: Partial<ReportPair>, message: RegExp): Promise<void> => {
    const other = join(folder, 'other.csv');
    await writeReportPairs(other, [pairs[1]!, { ...pairs[2]!, ...changes }]);
    await assert.rejects(openReportStudy(other, { out: join(folder, 'out'), reader: 'Anna' }), message);
  };
  await refused({ images: [] }, /FileError: .*row 3: images: expected one path or 2, with \| between them; got 0/);
  await refused({ images: ['a.png', 'a.png', 'a.png'] }, /row 3: images: .*got 3/);
  await refused({ candidate: ' ' }, /row 3: candidate is empty/);
  await refused({ sample: 's1' }, /row 3: sample_id "s1" is there twice/);
  await refused({ images: ['none.png'] }, /none\.png: is not there; sample "s2" .*--images names its folder/);
  await assert.rejects(openReportStudy(file, { out: join(folder, 'out'), reader: '../Anna' }), /RangeError: .*reader/);
  writeFileSync(join(folder, 'lacks.csv'), 'sample_id,images\n1,a.png\n');
  await assert.rejects(readReportPairs(join(folder, 'lacks.csv')), /FileError: .*study_id/);
});

test("a reader's list asks three things of each pair in a row, half of the candidates on either side, the same after a break", () => {
  const list = reportList(pairs, 'Anna');
  assert.equal(list.length, 36);
  assert.deepEqual(reportList(pairs, 'Anna'), list);
  assert.notDeepEqual(
    reportList(pairs, 'Ben').map(({ pair }) => pair),
    list.map(({ pair }) => pair),
  );
  for (let at = 0; at < 36; at += 3) {
    const three = list.slice(at, at + 3);
    assert.deepEqual(
      three.map(({ criterion }) => criterion),
      [...reportCriteria],
    );
    assert.equal(new Set(three.map(({ pair, candidateIsB }) => `${pair} ${candidateIsB}`)).size, 1);
  }
  assert.equal(list.filter(({ candidateIsB }) => candidateIsB).length, 18);
  assert.equal(new Set(list.map(({ id }) => id)).size, 36);
  const [b, a] = [list.find(({ candidateIsB }) => candidateIsB)!, list.find(({ candidateIsB }) => !candidateIsB)!];
  assert.deepEqual([reportScore(b, 5), reportScore(b, 1), reportScore(a, 5), reportScore(a, 1), reportScore(a, 3)], [2, -2, -2, 2, 0]);
});

test('the page tells nothing of which is which; what two readers found comes as tables, and as the CSV with their scores behind it', async (t) => {
  const folder = tempDir(t);
  const file = await study(folder);
  const out = join(folder, 'out');
  assert.match((await evaluateReportStudy(file, { out, key: key(1) })).notes.join(), /No reader has rated yet/);
  for (const [reader, howMany] of [
    ['Anna', 36],
    ['Ben', 30],
  ] as const) {
    const sitting = await openReportStudy(file, { out, reader });
    atEnd(t, () => sitting.close().catch(() => undefined));
    const content = await (await fetch(`${sitting.address}study`)).text();
    assert.doesNotMatch(content, /candidateIsB|"candidate"|"reference"|study \d|s\d+"/);
    const { items, statement } = JSON.parse(content) as {
      items: { id: string; images: string[]; texts: { title: string; text: string }[] }[];
      statement: string;
    };
    assert.match(statement, /written by a network.*None is for diagnosis/);
    assert.equal((await fetch(`${sitting.address}images/${items[0]!.images[0]}.png`)).headers.get('content-type'), 'image/png');
    for (const { id, texts } of items.slice(0, howMany)) {
      // Both find the candidate slightly better.
      const choice = texts.find(({ title }) => title === 'Report B')!.text.includes('Candidate') ? 4 : 2;
      const body = JSON.stringify({ item: id, choice, seconds: 2 });
      assert.equal(
        (await fetch(`${sitting.address}ratings`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status,
        200,
      );
    }
    assert.equal(sitting.rated(), howMany);
    await sitting.close();
  }
  const { tables, findings, notes, scores } = await evaluateReportStudy(file, { out, key: key(1) });
  assert.equal(scores.length, 66);
  const [study1, agreement] = tables;
  assert.deepEqual(
    study1!.rows.map(({ criterion, reader, items }) => [criterion, reader, items]),
    reportCriteria.flatMap((criterion) => [
      [criterion, 'all', 12],
      [criterion, 'Anna', 12],
      [criterion, 'Ben', 10],
    ]),
  );
  assert.ok(study1!.rows.every(({ mean }) => (mean as { value: number }).value === 1));
  assert.deepEqual(
    agreement!.rows.map(({ readers, items }) => [readers, items]),
    [
      [2, 10],
      [2, 10],
      [2, 10],
    ],
  );
  assert.ok(findings.every(({ verdict }) => verdict === 'not repeated'));
  assert.match(notes.join(), /Ben has rated 30 of 36 questions/);
  const [header, ...rows] = readFileSync(join(out, 'ratings.csv'), 'utf8')
    .trimEnd()
    .split(/\n(?=s\d)/);
  assert.equal(header, 'sample_id,study_id,images,indication,candidate,reference,reader,completeness,correctness,conciseness,seconds');
  assert.equal(rows.length, 22);
  assert.ok(rows.every((row) => /,(Anna|Ben),1,1,1,6\.0$/.test(row)));
});
