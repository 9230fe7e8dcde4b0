/**
 * RadGraph's published archives (`radgraph.tar.gz` and others), extracted, with the weights converted to safetensors and the BERT's config and tokenizer in `bert`:
 * AllenNLP's names and its vocabulary files.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BertConfig } from '../../../encoders';
import { bertKey } from '../../../encoders/internal';
import { checkContent, FileError, readObject, readText } from '../../../files';
import { isFile, loadParameters } from '../../../files/internal';
import { loadTokenizer } from '../../../tokenizers';
import { checkDygieConfig, type DygieConfig } from './config';
import { type DygieParams, dygieShapes } from './params';
import type { DygieModel } from './reader';

/** What of AllenNLP's config the network follows from. */
interface PublishedConfig {
  readonly dataset_reader: {
    readonly max_span_width: number;
    readonly token_indexers: { readonly bert: { readonly max_length?: number } };
  };
  readonly model: {
    readonly feature_size: number;
    readonly feedforward_params: { readonly num_layers: number; readonly hidden_dims: number | readonly number[] };
    readonly modules: { readonly coref?: { readonly coref_prop?: number }; readonly relation: { readonly spans_per_word: number } };
  };
}

const CONVERT =
  "python -c \"import torch; from safetensors.torch import save_file; w = torch.load('weights.th', map_location='cpu', weights_only=True); " +
  "save_file({k: v.clone() for k, v in w.items()}, 'weights.safetensors')\"";
const ENTITIES = '__ner_labels.txt';
const RELATIONS = '__relation_labels.txt';
/** Names of data sets by which the package calls its networks; all but the first split words as RadGraph-XL does. */
const DATASETS = ['radgraph', 'radgraph-xl', 'modern-radgraph-xl', 'echograph'];

/** Whether a folder is an extracted archive. */
export const isPublished = (folder: string): boolean => existsSync(join(folder, 'vocabulary'));

/**
 * Opens an extracted archive.
 *
 * @throws FileError that lists all that is missing, with the command that converts the weights; or naming what of the config is not computed here
 */
export async function loadPublished(folder: string): Promise<DygieModel> {
  expectParts(folder);
  const dataset = datasetOf(folder);
  const configPath = join(folder, 'config.json');
  const published = await readObject<PublishedConfig>(configPath);
  const bert = await readObject<BertConfig>(join(folder, 'bert', 'config.json'));
  const entities = await vocabulary(join(folder, 'vocabulary', `${dataset}${ENTITIES}`));
  if (entities[0] !== '')
    throw new FileError(join(folder, 'vocabulary', `${dataset}${ENTITIES}`), 'expected an empty first line, for no class');
  const relations = await vocabulary(join(folder, 'vocabulary', `${dataset}${RELATIONS}`));
  const config = checkContent(configPath, () =>
    configOf(published, { bert, dataset, entities: entities.slice(1), relations: relations.filter((kind) => kind !== '') }),
  );
  const tokenizer = await loadTokenizer(join(folder, 'bert'));
  const params = await loadParameters<DygieParams>(folder, {
    file: 'weights',
    expected: dygieShapes(config),
    rename: (key) => treeKey(key, dataset),
  });
  return { config, params, tokenizer };
}

function expectParts(folder: string): void {
  const bert = join(folder, 'bert');
  const missing = [
    ...['config.json'].filter((name) => !isFile(join(folder, name))),
    ...[ENTITIES, RELATIONS].flatMap((end) =>
      readdirSync(join(folder, 'vocabulary')).some((name) => name.endsWith(end)) ? [] : [`vocabulary/<data set>${end}`],
    ),
    ...(isFile(join(folder, 'weights.safetensors')) || isFile(join(folder, 'weights.safetensors.index.json'))
      ? []
      : [`weights.safetensors (in the folder, with Python's torch and safetensors: ${CONVERT})`]),
    ...(isFile(join(bert, 'config.json')) ? [] : ['bert/config.json, of the BERT that the archive names in model.embedder']),
    ...(['tokenizer.json', 'vocab.txt'].some((name) => isFile(join(bert, name)))
      ? []
      : ['bert/tokenizer.json or bert/vocab.txt, of the same']),
  ];
  if (missing.length > 0)
    throw new FileError(folder, `is an archive of RadGraph in which parts are missing:\n${missing.map((part) => `  ${part}`).join('\n')}`);
}

/** The data set whose labels the network has: the only one, or the one that the package asks it for. */
function datasetOf(folder: string): string {
  const names = readdirSync(join(folder, 'vocabulary')).flatMap((name) =>
    name.endsWith(ENTITIES) ? [name.slice(0, -ENTITIES.length)] : [],
  );
  const chosen = names.length === 1 ? names[0] : names.find((name) => DATASETS.includes(name));
  if (chosen === undefined || !isFile(join(folder, 'vocabulary', `${chosen}${RELATIONS}`)))
    throw new FileError(join(folder, 'vocabulary'), `has labels of ${names.join(', ')}; expected one data set with both kinds of labels`);
  return chosen;
}

/** AllenNLP's file of a vocabulary: a token a line. */
async function vocabulary(path: string): Promise<string[]> {
  const lines = (await readText(path)).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function configOf(
  { dataset_reader: reader, model }: PublishedConfig,
  { bert, dataset, entities, relations }: { bert: BertConfig; dataset: string; entities: readonly string[]; relations: readonly string[] },
): DygieConfig {
  const { num_layers: layers, hidden_dims: dims } = model.feedforward_params;
  if (layers !== 2) throw new RangeError(`feedforward_params.num_layers: expected 2, got ${layers}`);
  if ((model.modules.coref?.coref_prop ?? 0) > 0)
    throw new RangeError('modules.coref.coref_prop: spans that change with coreference are not computed');
  const pieces = reader.token_indexers.bert.max_length ?? 512;
  const config: DygieConfig = {
    model_type: 'dygie',
    tokenisation: DATASETS.indexOf(dataset) > 0 ? 'radgraph-xl' : 'radgraph',
    entity_labels: entities,
    relation_labels: relations,
    max_span_width: reader.max_span_width,
    feature_size: model.feature_size,
    hidden_dims: typeof dims === 'number' ? [dims, dims] : [dims[0]!, dims[1]!],
    spans_per_word: model.modules.relation.spans_per_word,
    max_words: pieces,
    max_pieces: pieces,
    bert,
  };
  checkDygieConfig(config);
  return config;
}

const BERT = '_embedder.token_embedder_bert._matched_embedder.transformer_model.';

/** The tree's name of a tensor in a published file; undefined for what is not read: coreference, events, other data sets, BERT's pooler. */
export function treeKey(key: string, dataset: string): string | undefined {
  if (key.startsWith(BERT)) {
    const own = bertKey(key.slice(BERT.length));
    return own === undefined || own.startsWith('pooler.') ? undefined : `bert.${own}`;
  }
  const heads: readonly (readonly [prefix: string, path: string])[] = [
    ['_endpoint_span_extractor._span_width_embedding.', 'width_embedding.'],
    [`_ner._ner_scorers.${dataset}__ner_labels.0._module._linear_layers.`, 'entity.layers.'],
    [`_ner._ner_scorers.${dataset}__ner_labels.1._module.`, 'entity.out.'],
    [`_relation._mention_pruners.${dataset}__relation_labels._scorer.0._module._linear_layers.`, 'pruner.layers.'],
    [`_relation._mention_pruners.${dataset}__relation_labels._scorer.1._module.`, 'pruner.out.'],
    [`_relation._relation_feedforwards.${dataset}__relation_labels._linear_layers.`, 'relation.layers.'],
    [`_relation._relation_scorers.${dataset}__relation_labels.`, 'relation.out.'],
  ];
  const found = heads.find(([prefix]) => key.startsWith(prefix));
  if (found) return `${found[1]}${key.slice(found[0].length)}`;
  return /^_(ner|relation|coref|events)\./.test(key) ? undefined : key;
}
