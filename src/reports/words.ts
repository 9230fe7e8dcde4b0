/** A report's text as sentences of words, each with its place in the text. */

export interface Word {
  /** As it stands there, in lower case; punctuation is a word of its own. */
  readonly raw: string;
  /** Without the ending of the plural. */
  readonly base: string;
  /** Characters of the text, the second exclusive. */
  readonly start: number;
  readonly end: number;
}

/** Words, numbers (with their decimals), blanks of de-identification, and the marks that sentences are made of. Hyphens only separate. */
const PIECE = /\[\*\*.*?\*\*\]|_{2,}|\d+(?:\.\d+)*|[a-z]+(?:['’][a-z]+)?|\n[^\S\n]*\n|[.,;:()/?!+]/gi;

/** A full stop behind these ends no sentence. */
const ABBREVIATIONS = new Set(['vs', 'dr', 'drs', 'mr', 'mrs', 'ms', 'approx', 'e', 'i', 'g']);

/** What a blank of de-identification reads as: a word that no rule knows. */
const BLANK = 'xxxx';

/** Cuts a text into sentences. A line feed is a space, as reports are wrapped; an empty line ends a sentence. */
export function sentencesOf(text: string): Word[][] {
  const sentences: Word[][] = [];
  let words: Word[] = [];
  const endSentence = (): void => {
    if (words.length > 0) sentences.push(words);
    words = [];
  };
  for (const match of text.matchAll(PIECE)) {
    const piece = match[0];
    const start = match.index;
    const last = words.at(-1);
    if (piece[0] === '\n' || piece === '!') endSentence();
    else if (piece === '.') {
      if (!last || !ABBREVIATIONS.has(last.raw)) endSentence();
    } else {
      const raw = piece.startsWith('_') || piece.startsWith('[') ? BLANK : piece.toLowerCase().replace('’', "'");
      words.push({ raw, base: baseForm(raw), start, end: start + piece.length });
      if (piece === '?') endSentence();
    }
  }
  endSentence();
  return sentences;
}

/** The singular of a plural as English forms it regularly; other words as they are. */
export function baseForm(word: string): string {
  if (word.length < 4 || !word.endsWith('s') || /(?:[sui]s|'s)$/.test(word)) return word.replace(/'s$/, '');
  if (word.endsWith('ies') && word.length > 5) return `${word.slice(0, -3)}y`;
  return word.slice(0, /(?:ss|x|ch|sh)es$/.test(word) ? -2 : -1);
}

export function isMark(word: Word): boolean {
  return /^[^a-z0-9]/.test(word.raw);
}
