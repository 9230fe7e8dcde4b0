import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreementWithLabels, labelsOfEntities, type RadGraphReport } from 'roentgen-lab/systems';

const entity = (tokens: string, label: string, at: number, relations: [string, string][] = []) => ({
  tokens,
  label,
  start_ix: at,
  end_ix: at + tokens.split(' ').length - 1,
  relations,
});
/** "No effusion . Possible nodule . pleural thickening . effusion in the chest" */
const report: RadGraphReport = {
  text: 'No effusion . Possible nodule . pleural thickening .',
  entities: {
    '1': entity('effusion', 'OBS-DA', 1),
    '2': entity('nodule', 'OBS-U', 4),
    '3': entity('pleural', 'ANAT-DP', 6),
    '4': entity('thickening', 'OBS-DP', 7, [['located_at', '3']]),
  },
};

test("a class is named by an entity's words and where it is; that it is there is the entity's class", () => {
  const labels = labelsOfEntities(report, 'openi14');
  assert.deepEqual([labels.Effusion, labels.Nodule, labels.Pleural_Thickening, labels.Pneumothorax], [0, -1, 1, undefined]);
  const both: RadGraphReport = { ...report, entities: { ...report.entities, '5': entity('effusion', 'OBS-DP', 1) } };
  assert.equal(labelsOfEntities(both, 'openi14').Effusion, 1, 'what is there is stronger than what is not');
});

test("agreement with a data set's labels, whose names are in small letters", () => {
  const { scheme, reports, classes, precision, recall, f1, equal } = agreementWithLabels([
    [report, { effusion: 1, nodule: 1, 'pleural thickening': 1, pneumothorax: 0, 'no finding': 0 }],
  ])!;
  assert.deepEqual([scheme, reports], ['openi14', 1]);
  assert.deepEqual([...classes].sort(), ['Effusion', 'Nodule', 'Pleural_Thickening', 'Pneumothorax']);
  assert.deepEqual([precision, recall, f1, equal], [1, 2 / 3, 0.8, 0.75]);
  assert.equal(agreementWithLabels([[report, { 'something else': 1 }]]), undefined);
});
