/** Text → ids and mask, behind one interface for every kind of vocabulary. */

/** One text as a network takes it: padded or cut to the tokenizer's length. */
export interface Encoded {
  /** int32, [maxLength] */
  readonly ids: Int32Array;
  /** 1 for the text with its special tokens, 0 for padding; [maxLength] */
  readonly mask: Int32Array;
  /** Ones in the mask. */
  readonly length: number;
  /** Tokens that did not fit and were cut off. */
  readonly lostTokens: number;
}

/** Several texts, row after row. */
export interface EncodedBatch {
  /** [n * maxLength] */
  readonly ids: Int32Array;
  /** [n * maxLength] */
  readonly mask: Int32Array;
  /** Tokens lost per text, [n]. Whoever trains or samples reports the sum. */
  readonly lostTokens: number[];
}

/** Two texts in one sequence, as BERT takes them; neither padded nor cut. */
export interface EncodedPair {
  readonly ids: number[];
  /** 0 for the first text, 1 for the second. */
  readonly typeIds: number[];
}

export interface Tokenizer {
  /** Ids are below it: rows of the embedding table that goes with this tokenizer. */
  readonly vocabularySize: number;
  /** Length of every encoded text, special tokens included. */
  readonly maxLength: number;
  /** Stable Diffusion's CLIP pads with the end-of-text token. */
  readonly padId: number;
  /** The token that begins every text (`<|startoftext|>`, `[CLS]`); undefined where there is none. */
  readonly startId: number | undefined;
  /** The token that ends every text (`<|endoftext|>`, `[SEP]`); undefined where there is none. */
  readonly endId: number | undefined;
  /** The token with which a language model says that it has ended (`</s>`, `<|im_end|>`), whether or not texts get it; undefined where none is named. */
  readonly eosId: number | undefined;
  /** What was decided about the folder's files where they contradict themselves; empty as a rule. */
  readonly notes: readonly string[];
  encode(text: string): Encoded;
  encodeBatch(texts: readonly string[]): EncodedBatch;
  /** All ids with the special tokens, neither padded nor cut. */
  ids(text: string): number[];
  /** The tokens of `ids(text)` as they are in the vocabulary. */
  tokens(text: string): string[];
  /** The text of ids, without special tokens and without the space before a full stop or comma; in lower case where the vocabulary has no other. */
  text(ids: readonly number[]): string;
  encodePair(first: string, second: string): EncodedPair;
  /**
   * A tokenizer that also knows these words, each as one token with the next free id; those it knows already keep theirs.
   *
   * @throws RangeError where a word is empty or has white space in it
   */
  withTokens(words: readonly string[]): Tokenizer;
  /** The id of a token as it is in the vocabulary, or undefined. */
  idOf(token: string): number | undefined;
  /**
   * The same vocabulary for texts of another length.
   *
   * @throws RangeError where the length has no room for a text
   */
  withLength(maxLength: number): Tokenizer;
  /** The texts of the folder that `save` writes, by the files' names; `tokenizer.json` with its two neighbours is all that `tokenizerFromTexts` needs. */
  files(): Readonly<Record<string, string>>;
  /**
   * Writes a folder that `loadTokenizer`, transformers and diffusers open.
   *
   * @throws FileError where it cannot be written
   */
  save(folder: string): Promise<void>;
}
