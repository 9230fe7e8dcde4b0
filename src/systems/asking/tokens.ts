/** Questions and answers as tokens. */

import type { Tokenizer } from '../../tokenizers';
import { type AskedModel, IMAGE_TOKEN } from './network';

/** Stands for an image in a text. */
export const IMAGE_MARK = '<image>';

/** A question about images and what is to be answered, as a training or a measure has it. */
export interface Instruction {
  /** Rows of the images, in the order in which they are shown. */
  readonly images: readonly number[];
  readonly question: string;
  readonly answer: string;
}

/** Tokens of a question, its images' places among them, and those of its answer with the mark of its end. */
export interface Dialogue {
  readonly images: readonly number[];
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
}

type Reader = Pick<Tokenizer, 'ids' | 'startId' | 'endId' | 'eosId'>;

/** Tokens of a text without the marks that a tokenizer puts around every text. */
export function bareIds({ ids, startId, endId }: Reader, text: string): number[] {
  if (text === '') return [];
  const all = ids(text);
  const from = startId !== undefined && all[0] === startId ? 1 : 0;
  return all.slice(from, endId !== undefined && all.length > from && all.at(-1) === endId ? -1 : undefined);
}

/**
 * A text's tokens with images' places where their marks are. Words begin with the mark of the beginning, where the tokenizer has one: images may stand before it.
 *
 * @param places tokens of an image
 * @throws RangeError where the text has not as many marks as there are images
 */
export function tokensWithImages(tokenizer: Reader, text: string, places: number, images: number): number[] {
  const parts = text.split(IMAGE_MARK);
  if (parts.length - 1 !== images) {
    const wanted = images === 1 ? 'once, where the image stands' : `${images} times, where the images stand`;
    throw new RangeError(`the text: expected ${IMAGE_MARK} ${wanted}; got it ${parts.length - 1} times`);
  }
  const { startId } = tokenizer;
  const first = parts.findIndex((part) => part !== '');
  return parts.flatMap((part, i) => [
    ...(i > 0 ? new Array<number>(places).fill(IMAGE_TOKEN) : []),
    ...(i === first && startId !== undefined ? [startId] : []),
    ...bareIds(tokenizer, part),
  ]);
}

/**
 * A question's tokens up to where the answer begins.
 *
 * @throws RangeError where it shows more images than the network has places for, or has a mark of an image in its words
 */
export function promptTokens(
  { network, tokenizer }: Pick<AskedModel, 'network' | 'tokenizer'>,
  question: string,
  images: number,
): number[] {
  if (images > network.images)
    throw new RangeError(
      `${network.name}: expected ${network.images === 1 ? 'one image' : `at most ${network.images} images`}, got ${images}; ask about fewer at a time`,
    );
  return tokensWithImages(tokenizer, network.prompt(question, images), network.places, images);
}

/** An answer's tokens, with the mark of its end. @throws RangeError where the tokenizer has none */
export function answerTokens(tokenizer: Reader, answer: string): number[] {
  return [...bareIds(tokenizer, answer), endOf(tokenizer)];
}

/** The token that ends answers. @throws RangeError where the tokenizer has none */
export function endOf({ endId, eosId }: Pick<Tokenizer, 'endId' | 'eosId'>): number {
  const end = endId ?? eosId;
  if (end === undefined) throw new RangeError('the tokenizer has no token that ends a text, which answers need (eos_token)');
  return end;
}

export interface DialoguesTaken {
  readonly dialogues: readonly Dialogue[];
  /** Those that the dialogues are of, in the same order. */
  readonly instructions: readonly Instruction[];
  /** Answers that there was no room for as a whole. */
  readonly cut: number;
  /** Instructions that are left out, since no token of an answer would fit behind the question. */
  readonly tooLong: number;
}

/**
 * Instructions as tokens.
 *
 * @param length tokens of question and answer, images included
 * @throws RangeError where nothing is left
 */
export function dialoguesOf(
  model: Pick<AskedModel, 'network' | 'tokenizer'>,
  instructions: readonly Instruction[],
  length: number,
): DialoguesTaken {
  let cut = 0;
  const taken: Instruction[] = [];
  const dialogues = instructions.flatMap((instruction): Dialogue[] => {
    const { images, question, answer } = instruction;
    const prompt = promptTokens(model, question, images.length);
    const room = length - prompt.length;
    if (room < 1) return [];
    const tokens = answerTokens(model.tokenizer, answer);
    if (tokens.length > room) cut++;
    taken.push(instruction);
    return [{ images, prompt, answer: tokens.slice(0, room) }];
  });
  if (taken.length === 0)
    throw new RangeError(
      `${model.network.name}: none of ${instructions.length} questions is shorter than ${length} tokens with its images`,
    );
  return { dialogues, instructions: taken, cut, tooLong: instructions.length - taken.length };
}

/** What was cut and left out, a sentence; undefined where nothing was. */
export function takenNote({ dialogues, cut, tooLong }: DialoguesTaken): string | undefined {
  const parts = [
    ...(cut > 0 ? [`${cut} of ${dialogues.length} answers are longer than is read and are cut`] : []),
    ...(tooLong > 0 ? [`${tooLong} questions are too long and are left out`] : []),
  ];
  return parts.length > 0 ? `${parts.join('; ')}.` : undefined;
}

/** Texts for a language model to continue from their beginning, of so many tokens at most. */
export function textDialogues(tokenizer: Reader, texts: readonly string[], length: number): Dialogue[] {
  const prompt = [tokenizer.startId ?? endOf(tokenizer)];
  return texts.map((text) => ({ images: [], prompt, answer: answerTokens(tokenizer, text).slice(0, length - 1) }));
}
