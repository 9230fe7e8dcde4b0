/** Dialogues as texts, by the Jinja templates that chat models come with. */

// Its types are those of an ES module; what a CommonJS module gets is the same.
const { Template } = require('@huggingface/jinja') as {
  Template: new (template: string) => { render(values: Readonly<Record<string, unknown>>): string };
};

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatWriter {
  /** Writes a dialogue; with `answer`, up to where the model's answer begins. */
  (messages: readonly ChatMessage[], options?: { readonly answer?: boolean }): string;
  /** What it writes by. */
  readonly template: string;
}

/** Texts of tokens that templates name. */
export interface TemplateTokens {
  readonly bos_token?: string | undefined;
  readonly eos_token?: string | undefined;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * What a template makes of dialogues, as transformers' `apply_chat_template` does. A template sees the messages, the tokens and what Jinja has, nothing else.
 *
 * @returns a writer that throws a RangeError where the template refuses a dialogue, or needs a function that is not there
 * @throws RangeError where it is no template
 */
export function chatTemplate(template: string, tokens: TemplateTokens = {}): ChatWriter {
  let jinja: InstanceType<typeof Template>;
  try {
    jinja = new Template(template);
  } catch (error) {
    throw new RangeError(`chat template: can't be read as Jinja: ${reasonOf(error)}`);
  }
  const write = (messages: readonly ChatMessage[], { answer = false }: { readonly answer?: boolean } = {}): string => {
    try {
      return jinja.render({ ...tokens, messages: messages.map((message) => ({ ...message })), add_generation_prompt: answer });
    } catch (error) {
      throw new RangeError(`chat template: can't write this dialogue: ${reasonOf(error)}`);
    }
  };
  return Object.assign(write, { template });
}
