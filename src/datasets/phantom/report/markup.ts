/**
 * Marks that templates carry for what their words mean. Text without them is what a person reads; with them, entities and relations follow from it.
 *
 * - `<kind: … >` mentions a finding; `<kind?: … >` as uncertain, `<kind!: … >` as absent; `<-kind: … >` says in words of normality that it is absent.
 *   `<: … >` observes something that is no finding of the phantom.
 * - `[o … ]` is the observation of a mention, `[m … ]` modifies it; `[a … ]` is where it is, `[b … ]` modifies the place (or is it, where there is no
 *   other); `[s … ]` is what the observation suggests.
 * - Outside a mention `[m … ]` modifies the observations of all mentions of its sentence, and `[f … ]` suggests them.
 */

/** What an entity's words do in their mention. */
export type Role = 'o' | 'm' | 'a' | 'b' | 's' | 'f';

/** How sure a mention is. */
export type Certainty = 'present' | 'uncertain' | 'absent';

/** Words with a role: characters [from, to) of the text, and the mention they belong to. */
export interface MarkedWords {
  readonly role: Role;
  readonly from: number;
  readonly to: number;
  /** Its place among `mentions`; absent outside of all. */
  readonly mention?: number;
}

/** One mention of a finding, or of something that is none (`kind` is empty). */
export interface MarkedMention {
  readonly kind: string;
  readonly certainty: Certainty;
  /** Words of normality: what is observed is there, and says that the finding is not. */
  readonly normal: boolean;
  /** Within another one. */
  readonly inner: boolean;
}

/** A text and what its marks say. */
export interface ReadMarks {
  readonly text: string;
  readonly words: readonly MarkedWords[];
  readonly mentions: readonly MarkedMention[];
}

/** The text that a person reads. */
export function plain(marked: string): string {
  return marked.replace(/<[^<>:]*:|>|\[[a-z] |\]/g, '');
}

/** Words as a mention of a finding. */
export function mentionOf(kind: string, words: string): string {
  return `<${kind}:${words}>`;
}

/** The same words with every mention uncertain or absent. */
export function withCertainty(marked: string, certainty: 'uncertain' | 'absent'): string {
  return marked.replace(/<([\w ]*):/g, `<$1${certainty === 'uncertain' ? '?' : '!'}:`);
}

/** Words with a role; nothing where there are none. */
export function words(role: Role, text: string): string {
  return text === '' ? '' : `[${role} ${text}]`;
}

/** The noun phrase with its article. */
export function markedArticle(marked: string): string {
  return `${/^[aeiou8]/i.test(plain(marked)) ? 'an' : 'a'} ${marked}`;
}

/** A sentence: capital letter, full stop. */
export function markedSentence(marked: string): string {
  const [, marks, first] = /^((?:<[^<>:]*:|\[[a-z] )*)(.)/.exec(marked)!;
  return `${marks}${first!.toUpperCase()}${marked.slice(marks!.length + 1)}.`;
}

/** Reads a marked sentence. */
export function readMarks(marked: string): ReadMarks {
  const found: MarkedWords[] = [];
  const mentions: MarkedMention[] = [];
  const open: number[] = [];
  let text = '';
  let entity: { role: Role; from: number } | undefined;
  for (let at = 0; at < marked.length; at++) {
    const c = marked[at]!;
    if (c === '<') {
      const end = marked.indexOf(':', at);
      const [, normal, kind, mark] = /^(-?)([\w ]*)([?!]?)$/.exec(marked.slice(at + 1, end))!;
      const certainty = mark === '?' ? 'uncertain' : mark === '!' ? 'absent' : 'present';
      open.push(mentions.push({ kind: kind!, certainty, normal: normal === '-', inner: open.length > 0 }) - 1);
      at = end;
    } else if (c === '>') open.pop();
    else if (c === '[') {
      entity = { role: marked[at + 1] as Role, from: text.length };
      at += 2;
    } else if (c === ']') {
      found.push({ ...entity!, to: text.length, mention: open.at(-1) });
      entity = undefined;
    } else text += c;
  }
  return { text, words: found, mentions };
}
