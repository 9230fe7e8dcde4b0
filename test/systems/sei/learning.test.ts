import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dispose, key, type Tree } from 'roentgen-lab/engine';
import { rowsOf } from 'roentgen-lab/files';
import {
  caseFeatures,
  caseText,
  indicationText,
  type SeiRecipe,
  type SeiStudy,
  seiWriter,
  studiesVocabulary,
  trainAlignment,
  trainWriter,
  withCases,
} from 'roentgen-lab/systems';
import { noLeaks } from '../../support';
import { tinyRecipe } from './tiny';

const SIZE = 16;
const COUNT = 64;

/** What is to be seen, and what was asked, each of two kinds; the report says both. */
const seen = (i: number): 'left' | 'right' => (i % 2 === 0 ? 'left' : 'right');
const asked = (i: number): 'fever' | 'fall' => (i % 4 < 2 ? 'fever' : 'fall');
const said = { fever: 'no pneumonia .', fall: 'ribs intact .' };
const reportOf = (side: string, question: 'fever' | 'fall'): string => `large ${side} effusion . ${said[question]}`;

const study = (i: number): SeiStudy => ({
  id: `s${i}`,
  study_id: i,
  subject_id: i,
  report: reportOf(seen(i), asked(i)),
  image_path: ['x.png'],
  core_findings: [`large ${seen(i)} effusion`],
  indication: asked(i),
  impression: '',
  comparison: '',
  findings: '',
  examination: '',
  indication_core_findings: [asked(i)],
});

/** Grey squares, a little different each, with a white half on the side that the report names. */
function pixels(): Float32Array {
  const values = new Float32Array(COUNT * SIZE * SIZE);
  for (let at = 0; at < values.length; at++) {
    const [i, x] = [Math.floor(at / SIZE ** 2), at % SIZE];
    const isWhite = seen(i) === 'left' ? x < SIZE / 2 : x >= SIZE / 2;
    values[at] = (isWhite ? 0.8 : 0.3) + 0.1 * Math.sin(at * 12.9898 + i);
  }
  return values;
}

async function recipeOf(): Promise<SeiRecipe> {
  const recipe = await tinyRecipe({ alignment: 40, writer: 150 });
  const faster = <P extends SeiRecipe['alignment' | 'writer']>(part: P): P => ({
    ...part,
    optimisation: {
      ...part.optimisation,
      batch_size: 16,
      learning_rate: { peak: 8e-3, schedule: 'cosine', warmup: 5, floor: 0.05 },
    },
  });
  return {
    ...recipe,
    text: { ...recipe.text, hidden_size: 16, max_position_embeddings: 8 },
    output_dim: 16,
    alignment: faster(recipe.alignment),
    writer: {
      ...faster(recipe.writer),
      dropout: 0,
      decoder: { ...recipe.writer.decoder, d_model: 16, d_ff: 16, max_seq_length: 12 },
    },
    decoding: { ...recipe.decoding, max_tokens: 11 },
  };
}

test(
  'what is seen comes from the image, what was asked from the indication: both are learnt, and cases are of the same kind',
  noLeaks(async () => {
    const recipe = await recipeOf();
    const studies = Array.from({ length: COUNT }, (_, i) => study(i));
    const rows = rowsOf(pixels(), SIZE * SIZE);
    const tokenizer = studiesVocabulary(studies, 200, 8);
    const losses: number[] = [];
    const onStep = ({ loss }: { readonly loss: number }): void => {
      losses.push(loss);
    };
    const common = { recipe, tokenizer, pixels: rows, key: key(5), onStep };
    const { model } = await trainAlignment({ ...common, studies });
    assert.ok(losses.at(-1)! < losses[0]!, `${losses[0]} to ${losses.at(-1)}`);
    const features = await caseFeatures(model, studies, rows);
    const found = withCases(studies, features, { studies, features }, 3);
    const alike = found.filter(({ core_findings, specific_knowledge: cases }) => cases!.sk_keywords[0]![0] === core_findings[0]).length;
    assert.ok(alike > 0.9 * COUNT, `${alike} of ${COUNT} cases show the same`);

    const { model: writer } = await trainWriter({ ...common, studies: found, aligned: model.params });
    const reports = seiWriter(writer);
    const cases = found.map(caseText);
    const right = async (questions: readonly ('fever' | 'fall')[], indications: readonly (string | undefined)[]): Promise<number> => {
      const { texts } = await reports.write({ pixels: rows, cases, indications });
      const plain = (text: string): string => text.replaceAll(' .', '.');
      return texts.filter((text, i) => plain(text) === plain(reportOf(seen(i), questions[i]!))).length / COUNT;
    };
    const own = studies.map((_, i) => asked(i));
    const others = own.map((question) => (question === 'fever' ? 'fall' : 'fever'));
    const kept = await right(own, studies.map(indicationText));
    assert.ok(kept > 0.9, `own indications: ${kept}`);
    const followed = await right(others, others);
    assert.ok(followed > 0.9, `other indications: ${followed}`);
    const withheld = await right(
      own,
      own.map(() => undefined),
    );
    assert.ok(withheld < 0.8, `no indication: ${withheld}`);
    reports.dispose();
    dispose(model.params as Tree, writer.params as Tree);
  }),
);
