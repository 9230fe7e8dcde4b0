/** The phantom's impressions are worded from the same parameters as its labels: the labeler must read them back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPhantom } from 'roentgen-lab/datasets';
import { chexpertLabels } from '#datasets/internal';
import { labelReport } from '#reports/label';

/**
 * What a text says, brought to what the phantom's truth is: "possible" is worded of findings that are there, and a class holds where one below it in CheXpert's hierarchy does
 * (the labeler labels what is said, not what follows from it).
 */
function closed(text: string): Record<string, 0 | 1> {
  const { labels } = labelReport(text);
  const out = Object.fromEntries(
    Object.entries(labels).map(([name, value]): [string, 0 | 1] => [name, value === 1 || value === -1 ? 1 : 0]),
  );
  const follows = (name: string, ...from: string[]): void => {
    if (from.some((below) => out[below] === 1)) out[name] = 1;
  };
  follows('Enlarged Cardiomediastinum', 'Cardiomegaly');
  follows('Consolidation', 'Pneumonia');
  follows('Lung Opacity', 'Lung Lesion', 'Edema', 'Consolidation', 'Atelectasis');
  return out;
}

test("labels of the phantom's impressions are its own", () => {
  const phantom = openPhantom({ style: 'impression', count: 1500, views: ['PA', 'AP', 'LATERAL'], seed: 3, cache: false });
  for (let i = 0; i < phantom.length; i++) {
    const { text } = phantom.record(i);
    // "Patchy opacity, consistent with pneumonia" is positive for both, which the hierarchy says as well.
    assert.deepEqual(closed(text), chexpertLabels(phantom.study(i)), text);
  }
});
