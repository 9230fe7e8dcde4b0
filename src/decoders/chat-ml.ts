/** Dialogues as texts in ChatML, the form of many chat models: each message between `<|im_start|>role` and `<|im_end|>`. */

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

/** A line feed, as it is or as Jinja writes it in quotes. */
const LINE = String.raw`(?:\n|\\n)`;

/** The template of ChatML in Jinja, which may say what the system is where a dialogue does not. */
const TEMPLATE = new RegExp(
  String.raw`^\{% for message in messages %\}` +
    String.raw`(?:\{% if loop\.first and messages\[0\]\['role'\] != 'system' %\}\{\{ ?'<\|im_start\|>system${LINE}([^']*?)<\|im_end\|>${LINE}' ?\}\}\{% endif %\})?` +
    String.raw`\{\{ ?'<\|im_start\|>' \+ message\['role'\] \+ '${LINE}' \+ message\['content'\] \+ '<\|im_end\|>' \+ '${LINE}' ?\}\}\{% endfor %\}` +
    String.raw`\{% if add_generation_prompt %\}\{\{ ?'<\|im_start\|>assistant${LINE}' ?\}\}\{% endif %\}$`,
);

/** Writes a dialogue; with `answer`, up to where the model's answer begins. */
export type ChatWriter = (messages: readonly ChatMessage[], options?: { readonly answer?: boolean }) => string;

/** What a template in Jinja does, where it is ChatML's; undefined for any other, since templates are not run. */
export function chatMl(template: string): ChatWriter | undefined {
  const match = TEMPLATE.exec(template);
  if (!match) return undefined;
  const [, system] = match;
  const written = ({ role, content }: ChatMessage): string => `<|im_start|>${role}\n${content}<|im_end|>\n`;
  return (messages, { answer = false } = {}) => {
    const first =
      system !== undefined && messages.length > 0 && messages[0]!.role !== 'system' ? [{ role: 'system', content: system }] : [];
    return [...first, ...messages].map(written).join('') + (answer ? '<|im_start|>assistant\n' : '');
  };
}
