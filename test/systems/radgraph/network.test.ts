import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import { compile, dispose, flatten, key, unflatten } from 'roentgen-lab/engine';
import { FileError, writeSafetensors } from 'roentgen-lab/files';
import { checkAnnotation, loadRadGraph, radGraphReader, saveRadGraph } from 'roentgen-lab/systems';
import { loadTokenizer } from 'roentgen-lab/tokenizers';
import type { DygieConfig } from '#systems/radgraph/network/config';
import { reportFound } from '#systems/radgraph/network/decode';
import { goldRows, goldTensors, piecesReader, reportTensors } from '#systems/radgraph/network/encode';
import { dygieHeads } from '#systems/radgraph/network/forward';
import { dygieLoss } from '#systems/radgraph/network/loss';
import { type DygieHeads, initDygie } from '#systems/radgraph/network/params';
import { treeKey } from '#systems/radgraph/network/published';
import { assertClose, noLeaks, root, tempDir } from '../../support';

interface Golden {
  readonly sizes: {
    width: number;
    feature: number;
    max_span_width: number;
    hidden_dims: [number, number];
    spans_per_word: number;
    words: number;
  };
  readonly parameters: readonly { key: string; shape: number[] }[];
  readonly rows: readonly {
    length: number;
    gold: { entities: [number, number, number][]; relations: [number, number, number, number, number][] };
    spans: [number, number][];
    entities: number[];
    top: [number, number][];
    relations: number[];
    entity_loss: number;
    relation_loss: number;
  }[];
}
const golden = JSON.parse(readFileSync(join(root, 'test', 'golden', 'radgraph-heads.json'), 'utf8')) as Golden;
const { sizes } = golden;
const W = sizes.words;
const LABELS = ['ANAT-DP', 'OBS-DP', 'OBS-U', 'OBS-DA'];
const KINDS = ['modify', 'located_at', 'suggestive_of'];

const config: DygieConfig = {
  model_type: 'dygie',
  tokenisation: 'radgraph',
  entity_labels: LABELS,
  relation_labels: KINDS,
  max_span_width: sizes.max_span_width,
  feature_size: sizes.feature,
  hidden_dims: sizes.hidden_dims,
  spans_per_word: sizes.spans_per_word,
  max_words: W,
  max_pieces: 16,
  bert: {
    model_type: 'bert',
    vocab_size: 40,
    hidden_size: sizes.width,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 8,
    max_position_embeddings: 16,
  },
};

/** The golden parameters, by the rule that their generator states, with published names and PyTorch's layout. */
const publishedParameters = (): Record<string, { shape: number[]; data: Float32Array }> =>
  Object.fromEntries(
    golden.parameters.map(({ key: name, shape }, number) => {
      const length = shape.reduce((a, b) => a * b, 1);
      return [name, { shape, data: Float32Array.from({ length }, (_, i) => 0.9 * Math.sin(2.17 * i + number)) }];
    }),
  );

function goldenHeads(): DygieHeads {
  const leaves = Object.entries(publishedParameters()).map(([name, { shape, data }]): [string, tf.Tensor] => {
    const path = treeKey(name, 'radgraph')!;
    const matrix = shape.length === 2 && path !== 'width_embedding.weight';
    return [path, matrix ? tf.tidy(() => tf.transpose(tf.tensor(data, shape))) : tf.tensor(data, shape)];
  });
  return unflatten<DygieHeads>(Object.fromEntries(leaves));
}

/** The inputs of the golden rows as one batch of the same window. */
function goldenBatch(): { words: tf.Tensor3D; spans: tf.Tensor2D; kept: tf.Tensor2D; gold: ReturnType<typeof goldTensors> } {
  const M = sizes.max_span_width;
  const values = Float32Array.from({ length: W * sizes.width }, (_, i) => Math.cos(0.71 * i + 0.013 * i * i));
  const words = tf.tidy(() =>
    tf.stack(
      golden.rows.map(({ length }) =>
        tf.mul(tf.tensor2d(values, [W, sizes.width]), tf.tensor2d(Array.from({ length: W }, (_, w) => [w < length ? 1 : 0]))),
      ),
    ),
  ) as tf.Tensor3D;
  const K = Math.ceil(W * sizes.spans_per_word);
  const spans = golden.rows.map(({ length }) => Array.from({ length: W * M }, (_, i) => (Math.floor(i / M) + (i % M) < length ? 1 : 0)));
  const kept = golden.rows.map(({ length }) => Array.from({ length: K }, (_, k) => (k < Math.ceil(length * sizes.spans_per_word) ? 1 : 0)));
  const rows = golden.rows.map(({ gold }) => {
    const number = (start: number, end: number): number => gold.entities.findIndex(([s, e]) => s === start && e === end) + 1;
    return {
      spans: gold.entities.map(([start, end, label]) => ({ span: start * M + end - start, label })),
      relations: gold.relations.map(([a, b, c, d, kind]) => [number(a, b), number(c, d), kind + 1] as const),
      lost: { entities: 0, relations: 0 },
    };
  });
  return { words, spans: tf.tensor2d(spans), kept: tf.tensor2d(kept), gold: goldTensors(config, rows, W, 5) };
}

test(
  "scores, kept spans and losses are those of DyGIE++'s own modules, padded to one window, eager and compiled",
  noLeaks(() => {
    const heads = goldenHeads();
    const batch = goldenBatch();
    const run = (h: DygieHeads, b: typeof batch) => {
      const scores = dygieHeads(config, h, b.words, b);
      return { ...scores, ...dygieLoss(scores, b, b.gold, { ner: 0.5, relation: 2 }) };
    };
    const compiled = compile(run);
    const [M, K] = [sizes.max_span_width, Math.ceil(W * sizes.spans_per_word)];
    const rows = golden.rows.length;
    const mean = (name: 'entity_loss' | 'relation_loss'): number => golden.rows.reduce((sum, row) => sum + row[name], 0) / rows;
    for (const results of [tf.tidy(() => run(heads, batch)), compiled(heads, batch)]) {
      const entities = results.entities.arraySync();
      const top = results.top.arraySync();
      const relations = results.relations.arraySync();
      golden.rows.forEach((row, b) => {
        assertClose(
          row.spans.flatMap(([s, e]) => entities[b]![s * M + e - s]!),
          row.entities,
          1e-5,
          'entities',
        );
        const count = Math.ceil(row.length * sizes.spans_per_word);
        const ranks = Array.from({ length: Math.min(count, K) }, (_, k) => k).sort((i, j) => top[b]![i]! - top[b]![j]!);
        const places = ranks.map((k) => [Math.floor(top[b]![k]! / M), Math.floor(top[b]![k]! / M) + (top[b]![k]! % M)]);
        assert.deepEqual(places, row.top);
        assertClose(
          ranks.flatMap((i) => ranks.flatMap((j) => relations[b]![i]![j]!)),
          row.relations,
          1e-5,
          'relations',
        );
      });
      assertClose([results.entityLoss.dataSync()[0]!], [mean('entity_loss')], 1e-5, 'entity loss');
      assertClose([results.relationLoss.dataSync()[0]!], [mean('relation_loss')], 1e-5, 'relation loss');
      assertClose([results.loss.dataSync()[0]!], [0.5 * mean('entity_loss') + 2 * mean('relation_loss')], 1e-5, 'loss');
      tf.dispose(results);
    }
    compiled.dispose();
    dispose(heads as never, batch as never);
  }),
);

/** A folder with BERT's vocabulary of a few letters. */
function tinyVocabulary(folder: string): void {
  const words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no', 'edema', 'left', 'small', '.', ',', 'ef', '##fusion', '##s'];
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'vocab.txt'), `${words.join('\n')}\n`);
}

test(
  'a published archive opens once its weights are converted; until then it says what is missing',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    mkdirSync(join(folder, 'vocabulary'));
    await assert.rejects(loadRadGraph(folder), (error) => {
      assert.ok(error instanceof FileError);
      for (const part of [
        /config\.json/,
        /__ner_labels\.txt/,
        /__relation_labels\.txt/,
        /weights\.safetensors .*torch\.load/,
        /bert\/config\.json/,
        /vocab\.txt/,
      ])
        assert.match(error.message, part);
      return true;
    });
    writeFileSync(join(folder, 'vocabulary', 'radgraph__ner_labels.txt'), `\n${LABELS.join('\n')}`);
    writeFileSync(join(folder, 'vocabulary', 'radgraph__relation_labels.txt'), `${KINDS.join('\n')}\n`);
    tinyVocabulary(join(folder, 'bert'));
    writeFileSync(join(folder, 'bert', 'config.json'), JSON.stringify(config.bert));
    const written = {
      dataset_reader: { max_span_width: sizes.max_span_width, token_indexers: { bert: { max_length: 16 } } },
      model: {
        feature_size: sizes.feature,
        feedforward_params: { num_layers: 2, hidden_dims: sizes.hidden_dims, dropout: 0.4 },
        modules: { coref: { coref_prop: 0 }, relation: { spans_per_word: sizes.spans_per_word } },
      },
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(written));
    const made = initDygie(config, key(1));
    const bert = Object.fromEntries(
      Object.entries(flatten(made.bert)).map(([path, leaf]) => {
        const isTable = path.includes('embeddings') || leaf.rank === 1;
        const data = tf.tidy(() => (isTable ? leaf : tf.transpose(leaf)).dataSync()) as Float32Array;
        const shape = isTable ? leaf.shape : [...leaf.shape].reverse();
        return [`_embedder.token_embedder_bert._matched_embedder.transformer_model.${path}`, { shape, data }];
      }),
    );
    const one = { shape: [1], data: new Float32Array([1]) };
    const others = {
      '_coref._antecedent_scorer.weight': one,
      '_events._x': one,
      '_ner._ner_scorers.ace__ner_labels.1._module.bias': one,
      '_embedder.token_embedder_bert._matched_embedder.transformer_model.pooler.dense.bias': one,
    };
    await writeSafetensors(join(folder, 'weights.safetensors'), { ...publishedParameters(), ...bert, ...others });
    const model = await loadRadGraph(folder);
    assert.deepEqual(model.config, { ...config, max_words: 16 });
    const expected = goldenHeads();
    for (const [path, leaf] of Object.entries(flatten(expected as never))) assertClose(flatten(model.params)[path]!, leaf, 0, path);
    for (const [path, leaf] of Object.entries(flatten(made.bert))) assertClose(flatten(model.params.bert)[path]!, leaf, 0, path);
    dispose(expected as never, made, model.params);

    const { [golden.parameters[3]!.key]: _, ...lacking } = publishedParameters();
    await writeSafetensors(join(folder, 'weights.safetensors'), { ...lacking, ...bert });
    await assert.rejects(loadRadGraph(folder), /missing \(1\):\s+entity\.layers\.1\.weight/);
    rmSync(join(folder, 'weights.safetensors'));
    await assert.rejects(loadRadGraph(folder), /parts are missing:\n {2}weights\.safetensors[^\n]*$/);
  }),
);

test(
  'a saved network is the same bytes when it is saved again, and reads the same; what is cut is counted',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    tinyVocabulary(folder);
    const model = { config, params: initDygie(config, key(2)), tokenizer: await loadTokenizer(folder) };
    const [a, b] = [join(folder, 'a'), join(folder, 'b')];
    await saveRadGraph(a, model);
    const again = await loadRadGraph(a);
    await saveRadGraph(b, again);
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json'])
      assert.deepEqual(readFileSync(join(b, name)), readFileSync(join(a, name)), name);
    const long = Array.from({ length: 2000 }, (_, i) => (i % 4 === 3 ? '.' : 'edema')).join(' ');
    const texts = ['No edema. Small left effusion, no edema, no edema', '', 'Left effusion', 'no left '.repeat(6), long];
    const [first, second] = [radGraphReader(model), radGraphReader(again)];
    const annotated = await first.annotate(texts);
    assert.deepEqual(await second.annotate(texts), annotated);
    assert.deepEqual(
      annotated.map(({ lostWords, report }) => [lostWords, report.text]),
      [
        [0, 'No edema . Small left effusion , no edema , no edema'], // two parts of whole sentences
        [0, ''],
        [0, 'Left effusion'],
        [0, 'no left '.repeat(6).trim()], // a sentence longer than the window is read in two parts
        [1488, long.split(' ').slice(0, 512).join(' ')],
      ],
    );
    for (const { report } of annotated) if (report.text !== '') checkAnnotation('x', report);
    // A report's annotation does not depend on which others are read with it.
    const [alone] = await first.annotate([texts[2]!]);
    assert.deepEqual(alone!.report, annotated[2]!.report);
    first.dispose();
    second.dispose();
    dispose(model.params, again.params);
    writeFileSync(join(a, 'config.json'), JSON.stringify({ ...config, spans_per_words: 1, max_pieces: 20 }));
    await assert.rejects(loadRadGraph(a), /spans_per_words is unknown \(did you mean spans_per_word\?\)/);
    await assert.rejects(loadRadGraph(folder), /not the folder of a network that finds entities/);
  }),
);

test(
  'words are the mean of their pieces; gold that is too wide or cut is counted',
  noLeaks(async (t) => {
    const folder = tempDir(t);
    tinyVocabulary(folder);
    const tokenizer = await loadTokenizer(folder);
    const read = piecesReader(tokenizer, config)(['Small', 'effusions', '\u200b', '.']);
    assert.deepEqual(read.pieces, [[8], [11, 12, 13], [], [9]]);
    const tensors = reportTensors(config, tokenizer, [read], { words: 5, pieces: 9 });
    assert.deepEqual(tensors.ids.arraySync(), [[2, 8, 11, 12, 13, 9, 3, 0, 0]]);
    assert.deepEqual(tensors.mask.arraySync(), [[1, 1, 1, 1, 1, 1, 1, 0, 0]]);
    assertClose(
      tf.tidy(() => tf.sum(tensors.words, 2).dataSync()),
      [1, 1, 0, 1, 0],
      1e-6,
    );
    assert.deepEqual(tensors.spans.arraySync(), [[1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0]]);
    assert.deepEqual(tensors.kept.arraySync(), [[1, 1, 0]]);
    dispose(tensors);
    const entity = (start: number, end: number, relations: readonly (readonly [string, string])[] = []) => ({
      tokens: '',
      label: 'OBS-U',
      start_ix: start,
      end_ix: end,
      relations,
    });
    const report = {
      text: '',
      entities: {
        a: entity(0, 0, [
          ['modify', 'b'],
          ['modify', 'c'],
        ]),
        b: entity(1, 2),
        c: entity(1, 4),
        d: entity(7, 7),
      },
    };
    const rows = goldRows(config, report, 6);
    assert.deepEqual(rows.lost, { entities: 2, relations: 1 });
    assert.deepEqual(rows.relations, [[1, 2, 1]]);
    assert.throws(() => goldRows({ ...config, entity_labels: ['OBS-DP'] }, report, 6), /label "OBS-U" is none of the network's/);
  }),
);

test('of relations that go in a circle the weakest is left out, and those to no entity or to itself', () => {
  const { report, circles } = reportFound(['a', 'b', 'c', 'd'], {
    entities: [
      [0, 0, 'OBS-DP'],
      [1, 1, 'OBS-DP'],
      [2, 2, 'ANAT-DP'],
    ],
    relations: [
      [0, 0, 1, 1, 'modify', 3, 0.9],
      [1, 1, 2, 2, 'located_at', 1, 0.6],
      [2, 2, 0, 0, 'modify', 2, 0.7],
      [2, 2, 3, 3, 'modify', 2, 0.7],
      [1, 1, 1, 1, 'modify', 2, 0.7],
    ],
  });
  assert.equal(circles, 1);
  assert.deepEqual(
    Object.values(report.entities).map(({ relations }) => relations),
    [[['modify', '2']], [], [['modify', '1']]],
  );
});
