/** `tokenizer.json`: the one description that all our tokenizers are made from, and how CLIP's and BERT's own files become one. */

/** The parts of a `tokenizer.json` that are looked at here; the rest is handed on. */
export interface TokenizerJson {
  added_tokens?: AddedToken[];
  normalizer?: NormalizerJson | null;
  model: ModelJson;
  padding?: { pad_id?: number } | null;
  [part: string]: unknown;
}

export interface AddedToken {
  id: number;
  content: string;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
  special: boolean;
}

export interface NormalizerJson {
  type: string;
  lowercase?: boolean;
  handle_chinese_chars?: boolean;
  normalizers?: NormalizerJson[];
  [part: string]: unknown;
}

export interface ModelJson {
  type?: string;
  vocab: Record<string, number> | [string, number][];
  merges?: (string | [string, string])[];
  end_of_word_suffix?: string | null;
  [part: string]: unknown;
}

/** CLIP's words: letters, single digits, other signs, English clitics (Radford et al. 2021, byte-level BPE). */
export const clipPattern = "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

export const startOfText = '<|startoftext|>';
export const endOfText = '<|endoftext|>';

function special(content: string, id: number): AddedToken {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/**
 * CLIP's tokenizer from its vocabulary and merges, in the structure of transformers' CLIPTokenizerFast.
 *
 * @param vocab   token → id, with the two special tokens
 * @param merges  "left right", best first
 */
export function clipDefinition(vocab: Record<string, number>, merges: string[]): TokenizerJson {
  const [start, end] = [vocab[startOfText]!, vocab[endOfText]!];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [special(startOfText, start), special(endOfText, end)].sort((a, b) => a.id - b.id),
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Lowercase' }],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: clipPattern }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [endOfText, end],
      cls: [startOfText, start],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: endOfText,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

/** The tokens that RoBERTa's vocabulary must have; `<mask>` takes the space before it. */
export const robertaSpecialTokens: readonly string[] = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];

/** RoBERTa's tokenizer, GPT-2's byte-level BPE, from its vocabulary and merges, in the structure of transformers' RobertaTokenizer. */
export function robertaDefinition(vocab: Record<string, number>, merges: string[], addPrefixSpace: boolean): TokenizerJson {
  const bytes = { type: 'ByteLevel', add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: robertaSpecialTokens
      .filter((token) => Object.hasOwn(vocab, token))
      .map((token) => ({ ...special(token, vocab[token]!), lstrip: token === '<mask>' }))
      .sort((a, b) => a.id - b.id),
    normalizer: null,
    pre_tokenizer: bytes,
    post_processor: {
      type: 'RobertaProcessing',
      sep: ['</s>', vocab['</s>']],
      cls: ['<s>', vocab['<s>']],
      trim_offsets: true,
      add_prefix_space: addPrefixSpace,
    },
    decoder: { ...bytes, add_prefix_space: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab,
      merges,
    },
  };
}

/** The tokens that BERT's vocabulary must have. */
export const bertSpecialTokens: readonly string[] = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** BERT's tokenizer from its vocabulary (one token a line, the line is the id). */
export function bertDefinition(vocab: Record<string, number>, lowercase: boolean): TokenizerJson {
  const part = (id: string, typeId: number): object => ({ SpecialToken: { id, type_id: typeId } });
  const text = (id: string, typeId: number): object => ({ Sequence: { id, type_id: typeId } });
  const single = [part('[CLS]', 0), text('A', 0), part('[SEP]', 0)];
  const entry = (token: string): object => ({ id: token, ids: [vocab[token]], tokens: [token] });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: bertSpecialTokens
      .filter((token) => Object.hasOwn(vocab, token))
      .map((token) => special(token, vocab[token]!))
      .sort((a, b) => a.id - b.id),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single,
      pair: [...single, text('B', 1), part('[SEP]', 1)],
      special_tokens: { '[CLS]': entry('[CLS]'), '[SEP]': entry('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  };
}
