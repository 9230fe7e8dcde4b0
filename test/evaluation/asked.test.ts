import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageRecord } from 'roentgen-lab/datasets';
import { dispose, key, type Tree } from 'roentgen-lab/engine';
import { evaluateCheXbench } from 'roentgen-lab/evaluation';
import { rowsOf } from 'roentgen-lab/files';
import { type AskedModel, askedCheXagent, cheXagentConfigOf, cheXbenchOf, initCheXagent } from 'roentgen-lab/systems';
import { trainBpe } from 'roentgen-lab/tokenizers';
import { answerBench } from '#evaluation/chexbench/answers';
import { COVERAGE, classifierMeasure, DEFINITE, reportMeasures, TRUTH, thresholdsOf } from '#evaluation/cxr-llava/measures';
import type { SummedMeasure } from '#evaluation/summed';
import { noLeaks } from '../support';
import { SIZE, TEXTS, tinyCheXagent } from '../systems/asking/tiny';

const measured = ({ rows, value }: SummedMeasure): number => {
  const sums = new Float64Array(rows[0]!.length);
  for (const row of rows)
    row.forEach((number, k) => {
      sums[k]! += number;
    });
  return value(sums, rows.length);
};

const record = (findings: string, labels: ImageRecord['labels']): ImageRecord => ({
  id: findings,
  patient: findings,
  text: '',
  sections: { findings },
  labels,
  sides: {},
});

test('reports are measured over pairs that both texts settle, by how many that are, and against the labels', () => {
  const records = [
    record('There is pulmonary edema. No pleural effusion. No pneumothorax.', {
      Edema: 1,
      'Pleural Effusion': 0,
      Pneumothorax: 0,
      Cardiomegaly: 1,
    }),
    record('Cardiomegaly. Left pleural effusion.', { Cardiomegaly: 1, 'Pleural Effusion': 1, Edema: 0 }),
  ];
  const reports = ['There is pulmonary edema. There is a pleural effusion.', 'Cardiomegaly. No pleural effusion. There is atelectasis.'];
  const measures = Object.fromEntries(reportMeasures(reports, records).map((measure) => [measure.name, measured(measure)]));
  // Settled by both: edema + +, effusion - +; cardiomegaly + +, effusion + -. Of five that references settle.
  assert.ok(Math.abs(measures[DEFINITE]! - 4 / 6) < 1e-12);
  assert.ok(Math.abs(measures[COVERAGE]! - 4 / 5) < 1e-12);
  // Against the labels, silence being absence: edema right, effusion wrong, cardiomegaly missed; cardiomegaly right, effusion missed.
  assert.ok(Math.abs(measures[TRUTH]! - 4 / 7) < 1e-12);
  assert.equal(measured(reportMeasures(['', ''], records)[0]!), 0, 'nothing said, nothing won');
});

test('a classifier gets the threshold with the largest F1 where it has learnt', () => {
  const labels = [1, 0, 1, 0, 0].map((value) => record(`${value}`, { Edema: value as 0 | 1 }));
  const probabilities = { Edema: Float32Array.of(0.9, 0.7, 0.6, 0.2, 0.1) };
  const thresholds = thresholdsOf(probabilities, labels);
  assert.ok(thresholds.Edema! < 0.6 && thresholds.Edema! > 0.2, `${thresholds.Edema}`);
  assert.ok(Math.abs(measured(classifierMeasure(probabilities, thresholds, labels)) - 0.8) < 1e-12);
});

/** A network of random weights. */
async function untrained(): Promise<AskedModel> {
  const recipe = await tinyCheXagent();
  const tokenizer = trainBpe([...TEXTS, '(A) yes (B) no'], { vocabularySize: 540, maxLength: 64 });
  const wide = { initializer_range: 0.5 };
  const parts = { vision: { ...recipe.vision, ...wide }, qformer: { ...recipe.qformer, ...wide } };
  const config = cheXagentConfigOf({ ...recipe, ...parts }, tokenizer.vocabularySize);
  return { network: askedCheXagent(config, recipe.preprocessing, tokenizer), params: initCheXagent(config, key(6)) as Tree, tokenizer };
}

test(
  "a bench's table has what was chosen, chance, the majority answer, and both with grey images",
  noLeaks(async () => {
    const question = (answer: number, options: readonly string[], slice?: string) => ({
      data_source: 'here',
      image_path: `${answer}${options.length}.png`,
      question: 'Which?',
      ...Object.fromEntries([0, 1, 2, 3].map((i) => [`option_${i}`, options[i] ?? null])),
      answer,
      ...(slice && { slice }),
    });
    const items = {
      'View Classification': [question(0, ['PA', 'AP']), question(1, ['AP', 'PA']), question(1, ['PA', 'AP', 'LATERAL'], 'three')],
      'Phrase Grounding': [{ data_source: 'here', image_path: '02.png', question: 'Where?', box: [0, 0, 50, 50] }],
      'Findings Generation': [{ data_source: 'here', image_path: '02.png', section_findings: 'No pleural effusion.' }],
    };
    const bench = cheXbenchOf(items, '');
    const files = [...new Set([...bench.questions, ...bench.places, ...bench.texts].flatMap(({ images }) => images))];
    const rows = new Map(files.map((file, i) => [file, i]));
    const pixels = rowsOf(
      Float32Array.from({ length: files.length * SIZE * SIZE }, (_, i) => 0.5 + 0.5 * Math.sin(0.01 * i * i)),
      SIZE * SIZE,
    );
    const model = await untrained();
    const options = { bench, rows, pixels, maxTokens: 6, key: key(2), draws: 50 };
    const { tables, definitions } = await evaluateCheXbench(model, options);
    const [choices, places, texts] = tables;
    const [all, three] = choices!.rows;
    assert.deepEqual(
      [all!.questions, all!.n, three!.questions, three!.n],
      ['View Classification: here', 3, 'View Classification: here__three', 1],
    );
    assert.ok(Math.abs((all!.chance as number) - (100 * (1 / 2 + 1 / 2 + 1 / 3)) / 3) < 1e-9);
    assert.ok(Math.abs((all!['majority answer'] as number) - 200 / 3) < 1e-9, 'PA twice, AP once');
    for (const [isBlank, end] of [
      [false, ''],
      [true, ', blanked'],
    ] as const) {
      const answers = await answerBench(model, isBlank, options);
      for (const mode of ['generation', 'likelihood'] as const) {
        const right = bench.questions.filter(({ answer }, i) => answers[mode][i]!.option === answer).length;
        assert.ok(Math.abs((all![`${mode}${end}`] as { value: number }).value - (100 * right) / 3) < 1e-9, `${mode}${end}`);
      }
    }
    assert.deepEqual(
      places!.rows.map(({ boxes }) => boxes),
      ['model', 'model, images blanked', 'the mean of the right boxes'],
    );
    assert.equal((places!.rows[2]!.IoU as { value: number }).value, 100);
    assert.deepEqual(
      texts!.rows.map(({ texts: name }) => name),
      ['Findings Generation', 'Findings Generation, images blanked'],
    );
    assert.ok('majority answer' in definitions);
    dispose(model.params);
  }),
);
