/** The labeler against gold labels of real reports. They are read where they lie, and no text of theirs is shown. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SaxesParser } from 'saxes';
import { labelReport } from '#reports/label';
import { sharedData, tempDir } from '../support';

/** The rules were written with a look at the errors of one half alone; the other judges them. */
const isHeldAside = (id: string): boolean => (createHash('sha256').update(`openi-1:${id}`).digest()[0]! & 1) === 1;

/** Findings and impression of each report, by its id. */
function readReports(t: TestContext, archive: string): Map<string, string> {
  const folder = tempDir(t);
  assert.equal(spawnSync('tar', ['xzf', archive, '-C', folder]).status, 0);
  const reports = new Map<string, string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.xml')) continue;
    let [id, label] = ['', ''];
    const texts: Record<string, string> = { FINDINGS: '', IMPRESSION: '' };
    const parser = new SaxesParser();
    parser.on('opentag', ({ name, attributes }) => {
      if (name === 'uId') id = String(attributes.id);
      label = name === 'AbstractText' ? String(attributes.Label) : '';
    });
    parser.on('closetag', () => {
      label = '';
    });
    parser.on('text', (text) => {
      if (label in texts) texts[label] += text;
    });
    parser.write(readFileSync(join(folder, name), 'utf8')).close();
    reports.set(id, `FINDINGS: ${texts.FINDINGS}\nIMPRESSION: ${texts.IMPRESSION}`);
  }
  return reports;
}

const f1 = ({ hit, extra, missed }: { hit: number; extra: number; missed: number }): number => (2 * hit) / (2 * hit + extra + missed);

test("labels agree with Open-i's gold ones on reports that the rules were not made for", (t) => {
  const gold = sharedData('labels', 'openi_gld_std14.csv');
  const archive = sharedData('open_i', 'NLMCXR_reports.tgz');
  if (!gold || !archive) {
    t.skip('shared/data has no Open-i reports with gold labels');
    return;
  }
  const reports = readReports(t, archive);
  const [header, ...rows] = readFileSync(gold, 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  const classes = header!.slice(1);
  const counts = Object.fromEntries(classes.map((name) => [name, { hit: 0, extra: 0, missed: 0 }]));
  for (const [id, ...values] of rows) {
    if (!isHeldAside(id!)) continue;
    const { labels } = labelReport(reports.get(id!)!, { scheme: 'openi14' });
    classes.forEach((name, c) => {
      const found = labels[name] === 1;
      if (values[c] === '1') counts[name]![found ? 'hit' : 'missed']++;
      else if (found) counts[name]!.extra++;
    });
  }
  const all = { hit: 0, extra: 0, missed: 0 };
  for (const [name, count] of Object.entries(counts)) {
    const positives = count.hit + count.missed;
    t.diagnostic(`${name}: ${positives} positives, F1 ${f1(count).toFixed(3)}`);
    if (name === 'normal') continue; // which is no finding
    for (const key of ['hit', 'extra', 'missed'] as const) all[key] += count[key];
  }
  t.diagnostic(`all findings: F1 ${f1(all).toFixed(3)}`);
  assert.ok(f1(all) >= 0.92, `micro-F1 ${f1(all)}`);
  for (const [name, count] of Object.entries(counts))
    if (count.hit + count.missed >= 20) assert.ok(f1(count) >= 0.75, `${name}: F1 ${f1(count)}`);
});
