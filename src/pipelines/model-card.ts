/** The model card: README.md of a model folder, which says what the model was made from, what it is for and what it is not. */

import { countParameters } from '../engine';
import { libraryVersion } from '../files/internal';
import type { Model } from './model';

/** What whoever trained a model knows about it. What is left out is said to be unknown. */
export interface ModelCard {
  /** Default "Chest X-ray latent diffusion model". */
  readonly title?: string;
  /** What it was trained on: which images and texts, how many, whose. Patients' texts do not belong here. */
  readonly data?: string;
  /** The licence of the weights, as Hugging Face names it (`apache-2.0`); by default `other`. */
  readonly license?: string;
  /** The model that training started from. */
  readonly base?: string;
  /** How it was trained: names and values, such as steps, batch size, learning rate. */
  readonly recipe?: Readonly<Record<string, string | number | boolean>>;
  /** What was measured, and how: names and values, or words. */
  readonly measures?: Readonly<Record<string, string | number>>;
  /** Further limits that are known of this model. */
  readonly limits?: readonly string[];
}

/** Limits of such models: Chambon et al. 2022 (arXiv:2211.12737), section 9, and what any generator of this kind has. */
const LIMITS: readonly string[] = [
  'Pictures have 8 bits a pixel and no window of their own: what lies outside the displayed range of a radiograph is not modelled.',
  'Training data of one institution or one generator: other devices, populations and ways of reporting are not represented.',
  'Texts are impressions, short summaries; prompts written otherwise, or longer than the text encoder reads, follow less well.',
  'Small sets are overfitted: pictures may repeat training examples, so that their privacy is not guaranteed.',
  'Fine-tuning forgets: abilities of the model that training started from are weaker or gone.',
  'Findings may be absent, misplaced or added although the prompt says otherwise.',
];

/** How diffusers is told what `mask_padding` says, which its pipelines do not know. */
const MASKED_IN_DIFFUSERS: readonly string[] = [
  '',
  "The U-Net does not attend to the padding of texts (`mask_padding` of its config). diffusers' pipelines show it all of it unless it is given the mask:",
  '',
  '```py',
  'texts = [negative_prompt] * len(prompts) + prompts  # as guidance orders them; prompts alone without guidance',
  'mask = pipe.tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").attention_mask',
  'pipe.unet.forward = functools.partial(pipe.unet.forward, encoder_attention_mask=mask)',
  '```',
];

const unknown = 'Not recorded.';

const format = (value: string | number | boolean): string =>
  typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : String(value);

/** One line of Markdown, so that a value can't break the table. */
const inTable = (value: string | number | boolean): string => format(value).replaceAll('|', '\\|').replace(/\s+/g, ' ');

const tableOf = (entries: Readonly<Record<string, string | number | boolean>> | undefined): string[] => {
  const rows = Object.entries(entries ?? {});
  if (rows.length === 0) return [unknown];
  return ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${inTable(name)} | ${inTable(value)} |`)];
};

const million = (parameters: number): string => `${(parameters / 1e6).toPrecision(3)} million parameters`;

/** Text in double quotes, as YAML and JSON both read it. */
const quoted = (text: string): string => JSON.stringify(text);

/**
 * The card's text, with Hugging Face's front matter.
 *
 * @param card what is known; never texts of patients
 */
export function modelCard(model: Model, card: ModelCard = {}): string {
  const { title = 'Chest X-ray latent diffusion model', data, license = 'other', base, recipe, measures, limits = [] } = card;
  const { unet, vae, textEncoder, tokenizer, schedulerConfig } = model;
  const parts: Record<string, string> = {
    'U-Net': million(countParameters(unet.params)),
    autoencoder: `${million(countParameters(vae.params))}, ${vae.config.in_channels ?? 3} channels`,
    'text encoder': million(countParameters(textEncoder.params)),
    ...(tokenizer ? { tokenizer: `${tokenizer.vocabularySize} tokens, ${tokenizer.maxLength} a text` } : {}),
    scheduler: `${schedulerConfig._class_name ?? 'unknown'}, ${schedulerConfig.prediction_type ?? 'epsilon'}`,
  };
  return `${[
    '---',
    'language: en',
    `license: ${quoted(license)}`,
    'library_name: diffusers',
    'pipeline_tag: text-to-image',
    'tags:',
    ...['chest-x-ray', 'latent-diffusion', 'synthetic', 'roentgen-lab'].map((tag) => `- ${tag}`),
    ...(base === undefined ? [] : [`base_model: ${quoted(base)}`]),
    '---',
    '',
    `# ${title.replace(/\s+/g, ' ')}`,
    '',
    '**Pictures made with this model are synthetic and not for diagnosis.**',
    '',
    'Text-conditional latent diffusion in the layout of Stable Diffusion (Rombach et al. 2022, arXiv:2112.10752), for chest radiographs as in RoentGen',
    `(Chambon et al. 2022, arXiv:2211.12737). Written by roentgen-lab ${libraryVersion}.`,
    '',
    ...tableOf(parts),
    '',
    '## Data',
    '',
    data ?? unknown,
    '',
    '## Recipe',
    '',
    ...(base === undefined ? [] : [`Training started from ${base}.`, '']),
    ...tableOf(recipe),
    '',
    '## Measures',
    '',
    ...tableOf(measures),
    '',
    '## Intended use',
    '',
    'Research and teaching about generative models of radiographs: how they are trained, what they learn, how they fail.',
    '',
    'Not for diagnosis, treatment or any decision about a patient; not as evidence of what a finding looks like; not for passing pictures off as real',
    'examinations. Whoever trains another model on its pictures should say so, and measure on real ones.',
    '',
    '## Limits',
    '',
    ...[...LIMITS, ...limits].map((limit) => `- ${limit}`),
    '',
    '## Use',
    '',
    '```ts',
    "const model = await loadModel('FOLDER');",
    "const [picture] = await textToImage(model, { prompts: ['Large right pleural effusion.'], guidance: 4, seed: 1 });",
    '```',
    ...(unet.config.mask_padding ? MASKED_IN_DIFFUSERS : []),
  ].join('\n')}\n`;
}
