import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { tempDir } from '../support';
import { type Ended, roentgen } from './run';

async function label(t: TestContext, content: string | Buffer, ...more: string[]): Promise<Ended & { rows?: Record<string, string>[] }> {
  const folder = tempDir(t);
  const [table, out] = [join(folder, 'in.csv'), join(folder, 'out.csv')];
  writeFileSync(table, content);
  const ended = await roentgen(['data', 'label', table, '--text-column', 'text', '--out', out, ...more]);
  return {
    ...ended,
    rows: existsSync(out) ? (parse(readFileSync(out, 'utf8'), { columns: true }) as Record<string, string>[]) : undefined,
  };
}

describe('roentgen data label', { concurrency: 2 }, () => {
  test('keeps the columns and adds one for each class', async (t) => {
    const { status, rows, stdout, stderr } = await label(
      t,
      '\ufeffstudy,text\n7,"No effusion, but ""mild"" edema."\n8,Possible pneumonia\n9,\n',
    );
    assert.equal(status, 0, stderr);
    assert.equal(rows!.length, 3);
    assert.equal(rows![0]!.text, 'No effusion, but "mild" edema.');
    assert.deepEqual(
      rows!.map((row) => [row.study, row['Pleural Effusion'], row.Edema, row.Pneumonia, row['No Finding']]),
      [
        ['7', '0', '1', '', ''],
        ['8', '', '', '-1', ''],
        ['9', '', '', '', ''],
      ],
    );
    assert.match(stdout, /3 reports, of which 1 have no text/);
    assert.doesNotMatch(stdout + stderr, /mild|Possible/);
  });

  test('tells the words that decided where it is asked, and counts as JSON', async (t) => {
    const { rows, stdout } = await label(t, 'text\nNo evidence of effusion. Infiltrate.\n', '--scheme', 'openi14', '--words', '--json');
    assert.equal(rows![0]!.words, 'Effusion 0: effusion [No evidence of]; Infiltration 1: Infiltrate');
    const { reports, classes } = JSON.parse(stdout) as { reports: number; classes: Record<string, unknown> };
    assert.equal(reports, 1);
    assert.deepEqual(classes.Infiltration, { positive: 1, negative: 0, uncertain: 0, blank: 0 });
    assert.ok('normal' in classes);
  });

  test('labels a folder of reports as published: the impressions, or the section that is asked for', async (t) => {
    const folder = tempDir(t);
    const xml = (label: string, text: string): string => `<AbstractText Label="${label}">${text}</AbstractText>`;
    mkdirSync(join(folder, 'ecgen-radiology'));
    for (const [id, impression] of [
      ['CXR1', 'No pneumothorax.'],
      ['CXR2', 'Cardiomegaly.'],
    ])
      writeFileSync(
        join(folder, 'ecgen-radiology', `${id}.xml`),
        `<eCitation><uId id="${id}"/>${xml('FINDINGS', 'Left effusion.')}${xml('IMPRESSION', impression!)}</eCitation>`,
      );
    const out = join(folder, 'out.csv');
    for (const [more, cells] of [
      [[], 'CXR1,CXR1,No pneumothorax.,Left effusion.,No pneumothorax.,1,,,,,,,,,0,,,,'],
      [['--text-column', 'findings'], 'CXR1,CXR1,No pneumothorax.,Left effusion.,No pneumothorax.,,,,,,,,,,,1,,,'],
    ] as const) {
      const { status, stderr } = await roentgen(['data', 'label', folder, '--out', out, ...more]);
      assert.equal(status, 0, stderr);
      const [header, first] = readFileSync(out, 'utf8').split('\n');
      assert.match(header!, /^id,patient,text,findings,impression,No Finding,/);
      assert.equal(first, cells);
      assert.match(stderr, /There are no images here/);
    }
    const none = await roentgen(['data', 'label', folder, '--out', out, '--text-column', 'comparison']);
    assert.match(none.stderr, /has no column "comparison"; its columns are id, patient, text, findings, impression/);
  });

  const secret = 'Left effusion of Mrs Example';
  const refused: Readonly<Record<string, readonly [content: string | Buffer, message: RegExp, more?: string[]]>> = {
    'a column that is not there': [`id,report\n1,${secret}\n`, /in\.csv: has no column "text"; its columns are id, report/],
    'bars between columns': [`id|text\n1|${secret}\n`, /has no column "text".*save it with commas/],
    'a row with a cell too many': [`id,text\n1,${secret}, large\n`, /in\.csv: row 2: expected 2 cells/],
    'a quote that is not closed': [`id,text\n1,"${secret}\n`, /in\.csv: is not valid CSV/],
    'a column of a class': [`text,Edema\n${secret},1\n`, /has a column "Edema" already.*rename or remove it/],
    'a table without rows': ['id,text\n', /has a header but no rows/],
    'another encoding': [Buffer.from(`id,text\n1,${secret} \xe9\n`, 'latin1'), /in\.csv: line 2 is not UTF-8/],
    'a scheme that there is not': [`text\n${secret}\n`, /Allowed choices are chexpert, openi14/, ['--scheme', 'nih']],
    'an output that is no CSV': [`text\n${secret}\n`, /--out: expected a file ending in \.csv/, ['--out', 'labels.xlsx']],
  };
  for (const [name, [content, message, more = []]] of Object.entries(refused))
    test(`refuses ${name}`, async (t) => {
      const { status, stdout, stderr, rows } = await label(t, content, ...more);
      assert.match(stderr, message);
      assert.equal(status, 2);
      assert.equal(rows, undefined);
      assert.doesNotMatch(stdout + stderr, /effusion|Example/);
    });
});
