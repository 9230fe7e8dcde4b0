export { type TrainBpeOptions, trainBpe } from './bpe';
export { type LoadTokenizerOptions, loadTokenizer } from './load';
export type { Encoded, EncodedBatch, EncodedPair, Tokenizer } from './tokenizer';
export { type WordPieceOptions, wordVocabulary } from './wordpiece';
