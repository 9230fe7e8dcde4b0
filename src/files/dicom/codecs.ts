/** The decoders of compressed frames: those of JPEG-LS and JPEG 2000 run as WebAssembly, and are loaded when they are needed. */

import sharp from 'sharp';
import { decodeJpegLossless, type JpegFrame } from './jpeg-lossless';

/** What Emscripten's modules of the codec packages have in common. */
interface Decoder {
  getEncodedBuffer(bytes: number): Uint8Array;
  decode(): void;
  getFrameInfo(): { readonly width: number; readonly height: number; readonly bitsPerSample: number; readonly componentCount: number };
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

interface CodecModule {
  readonly JpegLSDecoder: new () => Decoder;
  readonly J2KDecoder: new () => Decoder;
  /** Names an exception of C++, which arrives as a number. */
  getExceptionMessage?(pointer: number): unknown;
}

type CodecFactory = (options: { print: (text: string) => void; printErr: (text: string) => void }) => Promise<CodecModule>;

/** Decoders complain on standard output; what is wrong is said by the error. */
const silent = { print: () => undefined, printErr: () => undefined };

let jpegLs: Promise<CodecModule> | undefined;
let jpeg2000: Promise<CodecModule> | undefined;

/** Whether a stream ends with its end marker (EOI), behind which there may be a padding byte. */
function isWhole(coded: Uint8Array): boolean {
  const end = coded.length - (coded.at(-1) === 0 ? 1 : 0);
  return end >= 4 && coded[end - 2] === 0xff && coded[end - 1] === 0xd9;
}

/** A frame of JPEG-LS (ITU-T T.87). */
export async function decodeJpegLs(coded: Uint8Array): Promise<JpegFrame> {
  // Of a truncated one the decoder takes half a minute to find out.
  if (!isWhole(coded)) throw new RangeError('it ends before its pixels');
  jpegLs ??= (require('@cornerstonejs/codec-charls/decodewasmjs') as CodecFactory)(silent);
  const codec = await jpegLs;
  return run(codec, new codec.JpegLSDecoder(), coded);
}

/** A frame of JPEG 2000 (ITU-T T.800); colours come as RGB. */
export async function decodeJpeg2000(coded: Uint8Array): Promise<JpegFrame> {
  jpeg2000 ??= (require('@cornerstonejs/codec-openjpeg/decodewasmjs') as CodecFactory)(silent);
  const codec = await jpeg2000;
  return run(codec, new codec.J2KDecoder(), coded);
}

function run(codec: CodecModule, decoder: Decoder, coded: Uint8Array): JpegFrame {
  try {
    decoder.getEncodedBuffer(coded.length).set(coded);
    decoder.decode();
    const { width, height, bitsPerSample, componentCount } = decoder.getFrameInfo();
    const bytes = decoder.getDecodedBuffer(); // in the codec's own memory
    const count = width * height * componentCount;
    const wide = bitsPerSample > 8;
    if (count === 0 || bytes.length < count * (wide ? 2 : 1)) throw new RangeError('no pixels came out of it');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const data = Uint16Array.from({ length: count }, (_, i) => (wide ? view.getUint16(2 * i, true) : bytes[i]!));
    return { width, height, components: componentCount, bits: bitsPerSample, data };
  } catch (error) {
    if (typeof error !== 'number') throw error;
    throw new RangeError(`the decoder refuses it: ${String(codec.getExceptionMessage?.(error) ?? error)}`);
  } finally {
    decoder.delete();
  }
}

export { decodeJpegLossless };

/** A frame of JPEG with 8 bits (ITU-T T.81, baseline or extended); colours come as RGB. */
export async function decodeJpeg(coded: Uint8Array): Promise<JpegFrame> {
  const picture = sharp(coded, { failOn: 'error', ignoreIcc: true, limitInputPixels: false });
  const { space } = await picture.metadata();
  const { data, info } = await picture
    .toColourspace(space === 'b-w' ? 'b-w' : 'srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, components: info.channels, bits: 8, data: Uint16Array.from(data) };
}
