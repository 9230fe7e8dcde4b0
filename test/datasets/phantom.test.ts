import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Finding, loadPixels, openPhantom, PHANTOM_FINDINGS, type Study, splitByPatient, subset } from 'roentgen-lab/datasets';
import { key } from 'roentgen-lab/engine';
import { CHEXPERT_LABELS, chexpertLabels } from '#datasets/phantom/chexpert';
import { renderStudy } from '#datasets/phantom/render';
import { root, tempDir } from '../support';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('a new process makes the same studies, texts and bytes', () => {
  const script = `
    const { openPhantom } = require('roentgen-lab/datasets');
const { renderStudy } = require('#datasets/phantom/render');
    const phantom = openPhantom({ seed: 9, count: 30, views: ['PA', 'AP', 'LATERAL'], style: 'impression' });
    const hash = require('node:crypto').createHash('sha256');
    for (const i of [0, 7, 29]) hash.update(JSON.stringify(phantom.record(i))).update(renderStudy(phantom.study(i), 64));
    console.log(hash.digest('hex'));`;
  const phantom = openPhantom({ seed: 9, count: 30, views: ['PA', 'AP', 'LATERAL'], style: 'impression', cache: false });
  const hash = createHash('sha256');
  for (const i of [29, 7, 0].reverse()) hash.update(JSON.stringify(phantom.record(i))).update(renderStudy(phantom.study(i), 64));
  assert.equal(execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' }).trim(), hash.digest('hex'));
});

test('the count does not change the studies, and another seed does', () => {
  const [few, many, other] = [
    openPhantom({ seed: 4, count: 10 }),
    openPhantom({ seed: 4, count: 500 }),
    openPhantom({ seed: 5, count: 10 }),
  ];
  for (const i of range(10)) assert.deepEqual(few.record(i), many.record(i));
  assert.notDeepEqual(
    range(10).map((i) => few.record(i).text),
    range(10).map((i) => other.record(i).text),
  );
  assert.notEqual(digest(renderStudy(few.study(0), 64)), digest(renderStudy(other.study(0), 64)));
});

test('pixels are the same alone, in a batch on threads, from the cache and through a subset', async (t) => {
  const cache = tempDir(t);
  const options = { seed: 3, count: 40, cache } as const;
  const batch = await openPhantom(options).batch(range(40), 64);
  const [population] = readdirSync(cache);
  const block = join(cache, population!, '64', '000000.bin');
  assert.equal(readFileSync(block).length, 40 * 64 * 64);
  const fresh = openPhantom({ ...options, cache: false });
  const again = openPhantom(options);
  const part = await loadPixels(subset(again, [8, 21]), 64, { cache: false });
  for (const [k, i] of [8, 21].entries()) {
    const want = batch.slice(i * 4096, (i + 1) * 4096);
    assert.deepEqual(await fresh.pixels(i, 64), want, 'rendered alone');
    assert.deepEqual(await again.pixels(i, 64), want, 'from the cache');
    assert.deepEqual(part.slice(k * 4096, (k + 1) * 4096), want, 'through a subset');
  }
  assert.ok(batch.every((v) => v >= 0 && v <= 1));
  truncateSync(block, 1000);
  assert.deepEqual(await openPhantom(options).pixels(8, 64), batch.slice(8 * 4096, 9 * 4096), 'a block cut short is rendered again');
});

test('a batch reports progress and stops at a signal', async () => {
  const phantom = openPhantom({ seed: 3, count: 80, cache: false });
  const seen: number[] = [];
  await phantom.batch(range(70), 32, { onProgress: (done, total) => seen.push(done / total) });
  assert.equal(seen.at(-1), 1);
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  await assert.rejects(phantom.batch(range(70), 32, { signal: controller.signal }), /enough/);
});

test('every finding of the quickstart has its share, sides are balanced, no picture has more than three', () => {
  const phantom = openPhantom({ seed: 1, count: 2000 });
  const records = range(2000).map((i) => phantom.record(i));
  assert.equal(phantom.findings.length, 8);
  for (const finding of phantom.findings) {
    const share = records.filter((r) => r.labels[finding] === 1).length / 2000;
    assert.ok(share > 0.16 && share < 0.32, `${finding}: ${share}`);
    const sided = records.flatMap((r) => r.sides[finding] ?? []);
    if (sided.length === 0) continue;
    const left = sided.filter((s) => s === 'left').length / sided.length;
    assert.ok(left > 0.42 && left < 0.58, `${finding}: ${left} of ${sided.length} on the left`);
  }
  assert.ok(records.every((r) => Object.values(r.labels).reduce((a: number, b) => a + b, 0) <= 3));
});

test('patients have several studies, and a split keeps them together', () => {
  const phantom = openPhantom({ seed: 2, count: 300, style: 'impression' });
  const { train, test: held } = splitByPatient(phantom, { testFraction: 0.2, key: key(1) });
  const patients = (d: { length: number; record(i: number): { patient: string } }): Set<string> =>
    new Set(range(d.length).map((i) => d.record(i).patient));
  assert.ok(patients(phantom).size < 200);
  for (const patient of patients(held)) assert.ok(!patients(train).has(patient));
  const later = range(300)
    .map((i) => phantom.study(i))
    .filter((s) => s.number > 0);
  assert.ok(later.length > 80 && later.every((s) => s.prior && s.daysSincePrior! >= 1));
});

/** Mean grey of the patient's left and right half of the lungs' part of a frontal picture, as left minus right. */
function leftMinusRight(study: Study): number {
  const size = 64;
  const grey = renderStudy(study, size);
  let sum = 0;
  for (let y = 14; y < 52; y++) for (let x = 6; x < 58; x++) sum += (x < 32 ? -1 : 1) * grey[y * size + x]!;
  return sum / (38 * 52);
}

function withFindings(study: Study, findings: readonly Finding[]): Study {
  return { ...study, findings };
}

test('the side of an effusion is denser, that of a pneumothorax darker, and the mirrored finding mirrors the difference', () => {
  const phantom = openPhantom({ seed: 6, count: 12, views: ['PA'], cache: false });
  const finding = { grade: 2, amount: 0.5, place: [0, 0, 0], detail: 1 } as const;
  for (const i of range(12)) {
    const study = phantom.study(i);
    const none = leftMinusRight(withFindings(study, []));
    for (const [kind, direction] of [
      ['effusion', 1],
      ['pneumothorax', -1],
    ] as const) {
      const left = leftMinusRight(withFindings(study, [{ ...finding, kind, side: 'left' }])) - none;
      const right = leftMinusRight(withFindings(study, [{ ...finding, kind, side: 'right' }])) - none;
      assert.ok(direction * left > 2.5, `${kind}, left, study ${i}: ${left}`);
      assert.ok(direction * right < -2.5, `${kind}, right, study ${i}: ${right}`);
    }
  }
});

test('every finding changes the picture where it is named, at 64 pixels', () => {
  const phantom = openPhantom({ seed: 8, count: 400, views: ['PA', 'AP', 'LATERAL'], style: 'impression', cache: false });
  const least = new Map<string, number>();
  for (const i of range(400)) {
    const study = phantom.study(i);
    for (const finding of study.findings) {
      if ((least.get(`${finding.kind} n`) ?? 0) >= 6) continue;
      const without = renderStudy(
        withFindings(
          study,
          study.findings.filter((f) => f !== finding),
        ),
        64,
      );
      const picture = renderStudy(study, 64);
      const changed = picture.filter((v, k) => Math.abs(v - without[k]!) >= 6).length;
      least.set(`${finding.kind} n`, (least.get(`${finding.kind} n`) ?? 0) + 1);
      least.set(finding.kind, Math.min(least.get(finding.kind) ?? 4096, changed));
    }
  }
  for (const kind of PHANTOM_FINDINGS)
    assert.ok((least.get(kind) ?? 0) >= 4, `${kind}: ${least.get(kind)} pixels change by 6 grey levels or more`);
});

test('every picture is a picture: neither black nor white, whatever the findings', async () => {
  const count = 600;
  const phantom = openPhantom({ seed: 12, count, views: ['PA', 'AP', 'LATERAL'], style: 'impression', cache: false });
  const area = 32 * 32;
  const pixels = await phantom.batch(range(count), 32);
  for (const i of range(count)) {
    const grey = pixels.subarray(i * area, (i + 1) * area);
    const mean = grey.reduce((a, b) => a + b, 0) / area;
    const spread = Math.sqrt(grey.reduce((a, b) => a + (b - mean) ** 2, 0) / area);
    assert.ok(mean > 0.2 && mean < 0.85 && spread > 0.1, `record ${i}: mean ${mean}, deviation ${spread}: ${phantom.record(i).text}`);
  }
});

test('the 14 labels follow from the findings', () => {
  const phantom = openPhantom({ seed: 7, count: 300, style: 'impression' });
  for (const i of range(300)) {
    const study = phantom.study(i);
    const labels = chexpertLabels(study);
    const kinds = new Set(study.findings.map((f) => f.kind));
    assert.deepEqual(Object.keys(labels).sort(), [...CHEXPERT_LABELS].sort());
    assert.equal(labels['Pleural Effusion'] === 1, kinds.has('effusion'));
    assert.equal(labels.Fracture === 1, kinds.has('fracture'));
    if (labels.Pneumonia || labels.Atelectasis || labels.Edema || labels['Lung Lesion']) assert.equal(labels['Lung Opacity'], 1);
    if (labels.Cardiomegaly) assert.equal(labels['Enlarged Cardiomediastinum'], 1);
    const others = CHEXPERT_LABELS.filter((l) => l !== 'No Finding' && l !== 'Support Devices').some((l) => labels[l] === 1);
    assert.equal(labels['No Finding'] === 1, !others);
  }
});

test('options out of range are refused by name', async () => {
  assert.throws(() => openPhantom({ seed: -1 }), /seed: expected an integer >= 0, got -1/);
  assert.throws(() => openPhantom({ count: 0 }), /count: expected an integer >= 1, got 0/);
  assert.throws(() => openPhantom({ findings: ['gout' as 'nodule'] }), /findings: expected some of effusion, .*; got gout/);
  assert.throws(() => openPhantom({ views: [] }), /views: expected some of PA, AP, LATERAL, got none/);
  const phantom = openPhantom({ count: 5 });
  assert.throws(() => phantom.record(5), /record 5: expected an integer from 0 to 4/);
  await assert.rejects(phantom.pixels(0, 1.5), /size: expected an integer from 16 to 1024, got 1.5/);
});
