/** Language models with all that a dialogue needs: their tokenizers, and their templates. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dispose } from '../engine';
import { checkContent, FileError, readObject, readText } from '../files';
import { loadTokenizer, type Tokenizer } from '../tokenizers';
import { type ChatWriter, chatTemplate, type TemplateTokens } from './chat-template';
import { type LanguageModel, type LoadLanguageModelOptions, loadLanguageModel } from './language-model';

export interface ChatModel extends LanguageModel {
  readonly tokenizer: Tokenizer;
  /** The text of ids. */
  text(ids: readonly number[]): string;
  /** A dialogue as a text, where the model comes with a template. */
  readonly chat?: ChatWriter;
}

const CONFIG = 'tokenizer_config.json';

/** The file of a template of its own. */
export const CHAT_TEMPLATE = 'chat_template.jinja';

/** A token as a config has it: its text, or an object with it. */
const contentOf = (token: unknown): string | undefined =>
  typeof token === 'string'
    ? token
    : typeof token === 'object' && token !== null
      ? contentOf((token as { content?: unknown }).content)
      : undefined;

/** The template of a config: a text, or of several named ones that which is called "default". */
function templateOf(file: string, template: unknown): string | undefined {
  if (template === undefined || template === null || typeof template === 'string') return template ?? undefined;
  const named = Array.isArray(template) ? (template as readonly { readonly name?: unknown; readonly template?: unknown }[]) : [];
  const chosen = named.find(({ name }) => name === 'default')?.template;
  if (typeof chosen !== 'string')
    throw new FileError(
      file,
      `its chat_template: expected a text, or a list with one that is named "default"; got ${JSON.stringify(template).slice(0, 80)}`,
    );
  return chosen;
}

/**
 * The template of a folder, with the tokens that it may name: of its own file, which newer folders have, or of the tokenizer's config.
 *
 * @returns undefined where the folder has none
 * @throws FileError where it is not what it should be
 */
export async function loadChatWriter(folder: string): Promise<ChatWriter | undefined> {
  const file = join(folder, CONFIG);
  const config = existsSync(file) ? await readObject<Record<string, unknown>>(file, () => undefined) : {};
  const own = join(folder, CHAT_TEMPLATE);
  const template = existsSync(own) ? await readText(own) : templateOf(file, config.chat_template);
  if (template === undefined) return undefined;
  const tokens: TemplateTokens = { bos_token: contentOf(config.bos_token), eos_token: contentOf(config.eos_token) };
  return checkContent(existsSync(own) ? own : file, () => chatTemplate(template, tokens));
}

/**
 * Reads a folder of transformers' with a tokenizer (`loadLanguageModel`).
 *
 * @returns the caller disposes its `params`
 * @throws FileError where a file is missing or not what it should be, or its template is no Jinja
 */
export async function loadChatModel(folder: string, options: LoadLanguageModelOptions = {}): Promise<ChatModel> {
  const tokenizer = await loadTokenizer(folder);
  const chat = await loadChatWriter(folder);
  const model = await loadLanguageModel(folder, options);
  if (tokenizer.vocabularySize > model.facts.vocabulary) {
    dispose(model.params);
    throw new FileError(folder, `its tokenizer has ${tokenizer.vocabularySize} tokens, and the model ${model.facts.vocabulary}`);
  }
  return { ...model, tokenizer, text: (ids) => tokenizer.text(ids), ...(chat && { chat }) };
}
