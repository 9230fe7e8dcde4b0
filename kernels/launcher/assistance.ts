/** Help while typing: completion, documentation under the cursor, whether a cell is complete. */
import type { QuickInfo } from '@tslab/typescript-for-tslab';
import type { Language } from './cells/language';
import type { Content } from './wire';

// The protocol counts code points, JavaScript counts UTF-16 units.
function toUnits(text: string, codePoints: number): number {
  let units = 0;
  for (const character of text) {
    if (codePoints-- <= 0) break;
    units += character.length;
  }
  return units;
}

function toCodePoints(text: string, units: number): number {
  return Array.from(text.slice(0, units)).length;
}

/** The content of a `complete_reply`. */
export function complete(language: Language, { code, cursor_pos }: Content): Content {
  const info = language.complete(code, toUnits(code, cursor_pos ?? code.length));
  const start = toCodePoints(code, info.start);
  const end = toCodePoints(code, info.end);
  const kinds = new Map((info.original?.entries ?? []).map((entry) => [entry.name, entry.kind as string]));
  return {
    status: 'ok',
    matches: info.candidates,
    cursor_start: start,
    cursor_end: end,
    // JupyterLab shows these as icons.
    metadata: { _jupyter_types_experimental: info.candidates.map((text) => ({ text, type: kinds.get(text) ?? '', start, end })) },
  };
}

/** The content of an `inspect_reply`: signature, documentation and tags as text and as Markdown. */
export function inspect(language: Language, { code, cursor_pos }: Content): Content {
  const at = toUnits(code, cursor_pos ?? code.length);
  // With the cursor behind a call's opening parenthesis or the name's end, the name before it is meant.
  const behind = /([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*\(?$/u.exec(code.slice(0, at));
  const info = language.inspect(code, at) ?? (behind ? language.inspect(code, behind.index) : undefined);
  // Of a name that it does not know, the compiler says that it is `any`, of no kind.
  if (!info?.displayParts?.length || String(info.kind) === '') return { status: 'ok', found: false, data: {}, metadata: {} };
  return { status: 'ok', found: true, data: { 'text/plain': plain(info), 'text/markdown': markdown(info) }, metadata: {} };
}

/** The content of an `is_complete_reply`. */
export function isComplete(language: Language, { code }: Content): Content {
  return { ...language.isComplete(String(code)) };
}

function joined(parts: readonly { readonly text: string }[] | undefined): string {
  return (parts ?? []).map(({ text }) => text).join('');
}

function plain(info: QuickInfo): string {
  const tags = (info.tags ?? []).map((tag) => `@${tag.name} ${joined(tag.text)}`.trimEnd());
  return [joined(info.displayParts), joined(info.documentation), tags.join('\n')].filter(Boolean).join('\n\n');
}

function markdown(info: QuickInfo): string {
  const tags = (info.tags ?? []).map((tag) => {
    const text = joined(tag.text);
    const parameter = tag.name === 'param' ? /^(\S+)\s*([\s\S]*)/.exec(text) : null;
    return parameter ? `- **${parameter[1]}** ${parameter[2]}` : `- *@${tag.name}* ${text}`;
  });
  const signature = `\`\`\`typescript\n${joined(info.displayParts)}\n\`\`\``;
  return [signature, joined(info.documentation), tags.join('\n')].filter(Boolean).join('\n\n');
}
