/**
 * What lies in a file's place when it is not the file: what downloads leave there, and common formats that were taken for another. Magic bytes may
 * occur in any file, so they only explain why one could not be read; they never decide that it can't be.
 */

/** As much of a file as is looked at. */
export const headBytes = 1024;

/** What servers send in place of a file, alone in it. */
const ANSWERS =
  /^(?:(?:entry|repository|revision) not found|[45]\d\d:? (?:not found|[a-z ]*error|bad [a-z]+|forbidden|unauthorized|too many requests|[a-z]+ unavailable)|invalid username or password|access ?denied|forbidden|unauthorized|too many requests|internal server error|bad gateway|service unavailable|access to (?:model|dataset) .{1,200})\.?$/i;

const AGAIN = 'Download it again, and log in first where that is needed.';

/**
 * What a text is that a download left in place of the file, with what to do. No text that is read here begins like this, so that it may be refused.
 *
 * @param text all of it, or the first `headBytes` characters, without byte order mark
 * @returns words to put behind the path, or undefined
 */
export function failedDownload(text: string): string | undefined {
  if (/^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\//.test(text))
    return 'is a git-lfs pointer, which names the file in place of holding it. Run `git lfs pull` where it was cloned, or download the file itself.';
  const start = text.slice(0, headBytes).trimStart();
  const body = start.replace(/^<\?xml[^>]*>\s*/, '').replace(/^(?:<!--[\s\S]*?-->\s*)+/, '');
  if (/^<(?:!doctype\s+html|html[\s>])/i.test(body)) return `is an HTML page, such as a site shows in place of the file. ${AGAIN}`;
  // Of XML, what object stores answer; reports are XML too, and are read.
  if (/^<error>\s*<code>/i.test(body)) {
    const code = /<code>([\w.-]{1,60})<\/code>/i.exec(body)?.[1];
    return `is an XML document, such as a server sends in place of the file${code ? ` (${code})` : ''}. ${AGAIN}`;
  }
  if (/^\{\s*"(?:error"\s*:|message"\s*:\s*"[^"]*",\s*"documentation_url")/.test(start) || (text.length < 300 && ANSWERS.test(text.trim())))
    return `holds a server's error message in place of the file. ${AGAIN}`;
  return undefined;
}

const FORMATS: readonly (readonly [begin: string, what: string])[] = [
  ['\x1f\x8b', 'a gzip archive: unpack it first'],
  ['\xfd7zXZ\0', 'an xz archive: unpack it first'],
  ['\x28\xb5\x2f\xfd', 'a zstd archive: unpack it first'],
  ['7z\xbc\xaf', 'a 7z archive: unpack it first'],
  ['Rar!\x1a', 'a RAR archive: unpack it first'],
  ['PK\x03\x04', "a zip archive, as PyTorch's checkpoints and Excel's .xlsx are: unpack it, or save a table as CSV"],
  ['\xd0\xcf\x11\xe0', 'a file of an old Office program: save a table as CSV'],
  ['%PDF', 'a PDF'],
  ['\x89PNG', 'a PNG picture'],
  ['\xff\xd8\xff', 'a JPEG picture'],
  ['\x89HDF', 'an HDF5 file, as Keras writes'],
  ['GGUF', 'a GGUF file'],
  ['\x93NUMPY', 'a NumPy array'],
];

/**
 * Why a file's content may not be what was expected; only for a file that could not be read.
 *
 * @param bytes all of it, or the first `headBytes`
 * @returns words to put behind the path, or undefined where nothing is recognised
 */
export function explainContent(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength === 0) return 'is empty: a download or a copy did not finish. Get it again.';
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, headBytes));
  const format = FORMATS.find(([begin]) => head.toString('latin1', 0, begin.length) === begin);
  if (format) return `looks like ${format[1]}.`;
  const text = new TextDecoder().decode(head);
  return failedDownload(text) ?? (text.trimStart().startsWith('<?xml') ? `is an XML document. ${AGAIN}` : undefined);
}

/** Whether bytes begin as a pickle of protocol 2 to 5 or as the zip archive that newer PyTorch wraps around one. */
export function looksLikePyTorch(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return (first === 0x80 && second! >= 2 && second! <= 5) || (first === 0x50 && second === 0x4b);
}
