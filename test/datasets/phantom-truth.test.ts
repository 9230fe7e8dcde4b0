import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  COUNTERFACTUAL_REACH,
  type Finding,
  openPhantom,
  otherProjection,
  patientGroups,
  renderCounterfactual,
  renderStudy,
  type Study,
  studyMasks,
  writeReport,
} from 'roentgen-lab/datasets';
import { effects } from '#datasets/phantom/effects';
import { attenuation, geometry, oversampling } from '#datasets/phantom/render';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const SIZE = 64;

/** Pixels of which a ray is another one with these findings. */
function changedRays(study: Study, findings: readonly Finding[], size: number): boolean[] {
  const factor = oversampling(size);
  const { view, grid } = geometry(study, size * factor);
  const [a, b] = [attenuation(study, view, grid), attenuation({ ...study, findings }, view, grid)];
  const out = new Array<boolean>(size * size).fill(false);
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Math.floor((i % grid.width) / factor), Math.floor(Math.floor(i / grid.width) / factor)];
    if (a[i] !== b[i]) out[y * size + x] = true;
  }
  return out;
}

test("a counterfactual with the study's own findings is its image, and pixels away from a change keep their bytes", () => {
  const phantom = openPhantom({ seed: 71, count: 30, style: 'impression', cache: false });
  let kept = 0;
  for (const i of range(30)) {
    const prior = phantom.prior(i);
    if (!prior) continue;
    const image = renderStudy(prior, SIZE);
    assert.deepEqual(renderCounterfactual(prior, prior.findings, SIZE), image);
    const { findings } = phantom.study(i);
    const other = renderCounterfactual(prior, findings, SIZE);
    assert.deepEqual(renderCounterfactual(prior, findings, SIZE), other, 'the same again');
    const changed = changedRays(prior, findings, SIZE);
    const reach = Math.ceil(COUNTERFACTUAL_REACH / geometry(prior, SIZE).grid.pitch);
    for (let y = 0; y < SIZE; y++)
      for (let x = 0; x < SIZE; x++) {
        const near = range(2 * reach + 1).some((dy) =>
          range(2 * reach + 1).some((dx) => {
            const [u, v] = [x + dx - reach, y + dy - reach];
            return u >= 0 && u < SIZE && v >= 0 && v < SIZE && changed[v * SIZE + u];
          }),
        );
        if (near) continue;
        kept++;
        assert.equal(other[y * SIZE + x], image[y * SIZE + x], `study ${i}, pixel ${x}, ${y}`);
      }
  }
  assert.ok(kept > 2000, `${kept} pixels were away from a change`);
});

test('a counterfactual shows the other findings as a render of them does', () => {
  const phantom = openPhantom({ seed: 72, count: 40, style: 'impression', views: ['PA'], cache: false });
  const finding: Finding = { kind: 'effusion', side: 'left', grade: 1, amount: 0.5, place: [0, 0, 0], detail: 1 };
  for (const i of range(12)) {
    const study = { ...phantom.study(i), findings: [] };
    const image = renderStudy(study, SIZE);
    const other = renderCounterfactual(study, [finding], SIZE);
    const { mask } = studyMasks({ ...study, findings: [finding] }, SIZE).findings[0]!;
    let [sum, n] = [0, 0];
    mask.forEach((on, k) => {
      if (on) [sum, n] = [sum + other[k]! - image[k]!, n + 1];
    });
    assert.ok(n > 20 && sum / n > 10, `study ${i}: ${n} pixels, brighter by ${sum / n}`);
  }
});

test('masks lie on the side and in the zone that texts name, and boxes hold them tightly', () => {
  const phantom = openPhantom({ seed: 73, count: 100, style: 'impression', cache: false });
  const shares = new Map<string, number[]>();
  for (const i of range(100)) {
    const study = phantom.study(i);
    const { lungs, findings } = studyMasks(study, SIZE);
    assert.deepEqual(
      findings.map((f) => f.finding),
      study.findings,
    );
    const rowsOf = (mask: Uint8Array): number[] => range(SIZE).filter((y) => mask.subarray(y * SIZE, (y + 1) * SIZE).some((v) => v));
    const lungRows = rowsOf(lungs.right);
    for (const { finding, mask, box } of findings) {
      assert.ok(box, `study ${i}: ${finding.kind} has no mask`);
      const xs = range(SIZE * SIZE).filter((k) => mask[k]);
      assert.equal(Math.min(...xs.map((k) => k % SIZE)), box.x);
      assert.equal(Math.max(...xs.map((k) => k % SIZE)), box.x + box.width - 1);
      assert.equal(Math.min(...xs.map((k) => Math.floor(k / SIZE))), box.y);
      assert.equal(Math.max(...xs.map((k) => Math.floor(k / SIZE))), box.y + box.height - 1);
      if (!finding.side || ['pacemaker', 'central line'].includes(finding.kind)) continue; // leads and catheters cross the middle
      // The patient's left is on the image's right.
      const onSide = xs.filter((k) => k % SIZE >= SIZE / 2 === (finding.side === 'left')).length / xs.length;
      shares.set(finding.kind, [...(shares.get(finding.kind) ?? []), onSide]);
      const middle = xs.reduce((sum, k) => sum + Math.floor(k / SIZE), 0) / xs.length;
      const height = (middle - lungRows[0]!) / lungRows.length;
      if (finding.zone === 'upper' || finding.lobe === 'upper') assert.ok(height < 0.55, `study ${i}: upper ${finding.kind} at ${height}`);
      if (finding.zone === 'lower' || finding.lobe === 'lower') assert.ok(height > 0.45, `study ${i}: lower ${finding.kind} at ${height}`);
    }
  }
  for (const [kind, list] of shares) for (const share of list) assert.ok(share > 0.8, `${kind}: ${share} of its mask on its side`);
  assert.ok(shares.size >= 8);
});

test('a mask is what taking the finding away changes', () => {
  const phantom = openPhantom({ seed: 74, count: 30, style: 'impression', cache: false });
  for (const i of range(30)) {
    const study = phantom.study(i);
    for (const { finding, mask } of studyMasks(study, SIZE).findings) {
      if (effects(study).shift !== effects({ ...study, findings: study.findings.filter((f) => f !== finding) }).shift) continue;
      const changed = changedRays(
        study,
        study.findings.filter((f) => f !== finding),
        SIZE,
      );
      mask.forEach((on, k) => {
        assert.ok(!on || changed[k], `study ${i}: ${finding.kind} at ${k}`);
      });
    }
  }
});

test('lungs lie beside the heart: the left one on the right of the image', () => {
  const phantom = openPhantom({ seed: 75, count: 40, cache: false });
  const centre = (mask: Uint8Array): number => {
    const at = range(mask.length).filter((k) => mask[k]);
    assert.ok(at.length > 100, `${at.length} pixels`);
    return at.reduce((sum, k) => sum + (k % SIZE), 0) / at.length;
  };
  for (const i of range(40)) {
    const { lungs, heart } = studyMasks(phantom.study(i), SIZE);
    assert.ok(centre(lungs.right) < centre(heart) && centre(heart) < centre(lungs.left), `study ${i}`);
    const both = lungs.left.filter((v, k) => v && lungs.right[k]).length;
    assert.ok(both < 20, `study ${i}: ${both} pixels of both lungs`);
  }
});

test('another projection has the same patient and findings, another position, and shows them', () => {
  const phantom = openPhantom({ seed: 76, count: 60, style: 'impression', views: ['PA'], cache: false });
  for (const i of range(60)) {
    const study = phantom.study(i);
    assert.equal(otherProjection(study, 'PA'), study);
    const lateral = otherProjection(study, 'LATERAL');
    assert.deepEqual(otherProjection(study, 'LATERAL'), lateral, 'the same again');
    assert.deepEqual([lateral.patient, lateral.findings, lateral.view], [study.patient, study.findings, 'LATERAL']);
    assert.notDeepEqual(renderStudy(lateral, 32), renderStudy(study, 32));
    // A text of that image alone names nothing that it hides, and no side.
    const { findings, impression } = writeReport(lateral);
    for (const { text } of [findings, impression]) {
      assert.ok(text.length > 5);
      assert.doesNotMatch(text, /\b(left|right)\b|endotracheal|feeding|fracture|edema|pneumothorax|atelectasis/i, text);
    }
    for (const { finding, box } of studyMasks(lateral, SIZE).findings)
      if (['effusion', 'cardiomegaly', 'pacemaker', 'nodule'].includes(finding.kind)) assert.ok(box, `study ${i}: ${finding.kind}`);
  }
});

test('groups are recorded, children only where they are asked for, and both show in the image', () => {
  const [adults, mixed] = [openPhantom({ seed: 77, count: 400 }), openPhantom({ seed: 77, count: 400, children: 0.3 })];
  let children = 0;
  for (const i of range(400)) {
    const [adult, either] = [adults.study(i), mixed.study(i)];
    assert.ok(adult.patient.age >= 18);
    const { groups } = mixed.record(i);
    assert.deepEqual(groups, { ...patientGroups(either.patient, either.age) });
    if (groups!.age !== 'child') assert.deepEqual(either, adult, 'adults are the same with children among them');
    else {
      children++;
      assert.ok(either.patient.age < 18 && either.patient.size < adult.patient.size && groups!.bmi === undefined);
      assert.equal(either.patient.sex, adult.patient.sex);
    }
  }
  assert.ok(children > 80 && children < 170, `${children} of 400`);
  assert.throws(() => openPhantom({ children: 1.5 }), /children.*0 to 1/);
});

test('sex, fat and childhood change the anatomy', () => {
  const study = { ...openPhantom({ seed: 78, count: 1, views: ['PA'], style: 'impression' }).study(0), findings: [] };
  const water = (patient: Partial<Study['patient']>): number => {
    const changed = { ...study, patient: { ...study.patient, ...patient } };
    const { view, grid } = geometry(changed, SIZE);
    return attenuation(changed, view, grid).reduce((sum, v) => sum + v, 0);
  };
  const base = { sex: 'M', bmi: 22, size: 1, breast: 0.8, age: 50 } as const;
  assert.ok(water({ ...base, bmi: 36 }) > 1.1 * water(base), 'fat absorbs');
  const rows = (patient: Partial<Study['patient']>): Float32Array => {
    const changed = { ...study, patient: { ...study.patient, ...patient } };
    const { view, grid } = geometry(changed, SIZE);
    return attenuation(changed, view, grid);
  };
  const [man, woman] = [rows(base), rows({ ...base, sex: 'F' })];
  const below = (image: Float32Array): number => image.subarray(40 * SIZE, 50 * SIZE).reduce((sum, v) => sum + v, 0);
  assert.ok(below(woman) > 1.02 * below(man), 'breasts lie over the lower lungs');
  const share = (age: number, size: number, heart: number): number => {
    const changed = { ...study, patient: { ...study.patient, ...base, age, size, heart, bmi: 17 } };
    const { lungs, heart: mask } = studyMasks(changed, SIZE);
    const area = (m: Uint8Array): number => m.reduce((sum, v) => sum + v, 0);
    return area(lungs.left) + area(lungs.right) + area(mask);
  };
  assert.ok(share(4, 0.6, 1) < 0.95 * share(40, 1, 0.93), 'a child fills less of the image');
});
