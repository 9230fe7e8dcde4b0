/** Texts to token ids: byte pairs, WordPiece, and whatever tokenizer.json describes. */

export { type TrainBpeOptions, trainBpe } from './bpe';
export { type LoadTokenizerOptions, loadTokenizer } from './load';
export type { Encoded, EncodedBatch, EncodedPair, Tokenizer } from './tokenizer';
export { type TextWord, wordsOf } from './words';
