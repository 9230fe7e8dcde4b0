import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { labelClasses, labelReport, labelReports } from '#reports/label';

/** What a text says of one class, and the words that denied or doubted it. */
function read(text: string, label: string, scheme: 'chexpert' | 'openi14' = 'chexpert'): [unknown, string | undefined] {
  const { labels, mentions } = labelReport(text, { scheme });
  assert.ok(label in labels, label);
  const decided = mentions.find((mention) => mention.class === label && mention.value === labels[label]);
  return [labels[label], decided?.scope?.text.toLowerCase()];
}

describe('words around a mention', () => {
  const cases: readonly (readonly [text: string, label: string, value: 1 | 0 | -1 | null, scope?: string])[] = [
    ['Small left pleural effusion.', 'Pleural Effusion', 1],
    ['Bilateral pneumothoraces.', 'Pneumothorax', 1],
    ['The heart is mildly enlarged.', 'Cardiomegaly', 1],
    ['Mild enlargement of the cardiac silhouette.', 'Cardiomegaly', 1],
    ['Pulmonary oedema.', 'Edema', 1],
    ['No evidence of pneumothorax.', 'Pneumothorax', 0, 'no evidence of'],
    ['Negative for pneumonia.', 'Pneumonia', 0, 'negative for'],
    ['Clear lungs without effusion.', 'Pleural Effusion', 0, 'without'],
    ['No effusion, pneumothorax or consolidation.', 'Consolidation', 0, 'no'],
    ['No focal consolidation, large effusion, or pneumothorax.', 'Pneumothorax', 0, 'no'],
    ['Neither effusion nor pneumothorax.', 'Pneumothorax', 0, 'nor'],
    ['A pneumothorax is not seen.', 'Pneumothorax', 0, 'is not seen'],
    ['The previously seen mass is no longer seen.', 'Lung Lesion', 0, 'no longer seen'],
    ['The right effusion has resolved.', 'Pleural Effusion', 0, 'has resolved'],
    ['Interval resolution of the edema.', 'Edema', 0, 'resolution of'],
    ['The heart is not enlarged.', 'Cardiomegaly', 0],
    ['Heart size is normal.', 'Cardiomegaly', 0],
    ['The chest tube has been removed.', 'Support Devices', 0, 'has been removed'],
    ['No opacity to suggest pneumonia.', 'Pneumonia', 0, 'no'],
    ['Pneumonia cannot be excluded.', 'Pneumonia', -1, 'cannot be excluded'],
    ['Cannot exclude pneumonia.', 'Pneumonia', -1, 'cannot exclude'],
    ['Opacity which may represent atelectasis.', 'Atelectasis', -1],
    ['Opacity which may be compatible with mild edema.', 'Edema', -1],
    ['Atelectasis versus pneumonia.', 'Pneumonia', -1, 'versus'],
    ['Atelectasis versus pneumonia.', 'Atelectasis', -1, 'versus'],
    ['Probable small effusion.', 'Pleural Effusion', -1, 'probable'],
    ['Rule out pneumonia.', 'Pneumonia', -1, 'rule out'],
    ['Possible edema, no pneumothorax.', 'Edema', -1, 'possible'],
    ['Possible edema, no pneumothorax.', 'Pneumothorax', 0, 'no'],
    ['History of pneumonia.', 'Pneumonia', null],
    ['Unchanged cardiomegaly.', 'Cardiomegaly', 1],
    ['No change in the left effusion.', 'Pleural Effusion', 1],
    ['Not without effusion.', 'Pleural Effusion', 1],
    ['The effusions have decreased but not resolved.', 'Pleural Effusion', 1],
    ['No pneumothorax, but a small effusion.', 'Pleural Effusion', 1],
    ['No pneumothorax; stable cardiomegaly.', 'Cardiomegaly', 1],
    ['Cardiomegaly is stable and effusion is not seen.', 'Cardiomegaly', 1],
    ['Non-calcified nodule.', 'Lung Lesion', 1],
    ['Surgical change of the left hemithorax.', 'Pleural Effusion', null],
    ['Pericardial effusion.', 'Pleural Effusion', null],
    ['Endotracheal tube ends 4.5 cm above the carina.', 'Support Devices', 1],
    ['Right jugular central venous catheter.', 'Support Devices', 1],
    ['Healed rib fractures.', 'Fracture', 1],
    ['Right apical pleural thickening.', 'Pleural Other', 1],
    ['Mediastinal widening.', 'Enlarged Cardiomediastinum', 1],
    ['Cardiomegally and atalectasis.', 'Atelectasis', 1],
  ];
  for (const [text, label, value, scope] of cases)
    test(text, () => {
      const [found, words] = read(text, label);
      assert.equal(found, value);
      if (scope !== undefined) assert.equal(words, scope);
    });
});

describe('a whole report', () => {
  test('is positive over uncertain over negative', () => {
    assert.equal(read('No effusion. Possible effusion.', 'Pleural Effusion')[0], -1);
    assert.equal(read('Possible effusion. Small right effusion.', 'Pleural Effusion')[0], 1);
  });

  test('shows no finding where nothing is found but devices', () => {
    for (const text of ['No acute cardiopulmonary process.', 'Normal chest.', 'No effusion. Pacemaker in place.'])
      assert.equal(read(text, 'No Finding')[0], 1, text);
    for (const text of ['Possible pneumonia.', 'Mild edema. No acute cardiopulmonary process.', '', ' \n'])
      assert.equal(read(text, 'No Finding')[0], null, text);
  });

  test('is not read where it tells what was asked', () => {
    const report =
      'INDICATION: Fever, rule out pneumonia.\nCOMPARISON: Pneumothorax on the prior film.\n\nFINDINGS: Clear lungs.\n\nIMPRESSION: Normal chest.\n';
    const { labels } = labelReport(report);
    assert.equal(labels.Pneumonia, null);
    assert.equal(labels.Pneumothorax, null);
    assert.equal(labels['No Finding'], 1);
  });

  test('gives the places of its words', () => {
    const text = 'FINDINGS:\n No evidence\n of a pleural effusion.';
    const [mention] = labelReport(text).mentions;
    assert.equal(mention!.class, 'Pleural Effusion');
    for (const span of [mention!.words, mention!.scope!]) assert.equal(text.slice(span.start, span.end), span.text);
    assert.equal(mention!.words.text, 'pleural effusion');
    assert.equal(mention!.scope!.text, 'No evidence\n of');
  });

  test('has the classes of its scheme', () => {
    assert.equal(labelClasses('chexpert').length, 14);
    assert.equal(labelClasses('openi14').length, 15);
    assert.deepEqual(Object.keys(labelReport('', { scheme: 'openi14' }).labels), labelClasses('openi14'));
    assert.throws(() => labelReport('x', { scheme: 'nih' as 'chexpert' }), /scheme: expected chexpert or openi14, got "nih"/);
  });

  test("follows Open-i's gold labels in that scheme", () => {
    assert.equal(read('Atelectasis versus infiltrate.', 'Infiltration', 'openi14')[0], 1);
    assert.equal(read('May represent infiltrate.', 'Infiltration', 'openi14')[0], -1);
    assert.equal(read('Calcified granuloma.', 'Nodule', 'openi14')[0], null);
    assert.equal(read('Calcified granuloma.', 'normal', 'openi14')[0], null);
    assert.equal(read('Normal chest.', 'normal', 'openi14')[0], 1);
  });

  test('is labelled alike alone and among others', () => {
    const texts = ['Mild edema.', '', 'No effusion.'];
    assert.deepEqual(
      labelReports(texts),
      texts.map((text) => labelReport(text)),
    );
  });

  test('of any characters is labelled', () => {
    for (const text of [
      '\0',
      '(((',
      '...',
      '___',
      '[** Name **] effusion',
      '?'.repeat(5000),
      `no ${'effusion '.repeat(2000)}`,
      'Erguß ß ﬁbrosis 肺炎',
    ])
      assert.ok(labelReport(text).labels);
  });
});
