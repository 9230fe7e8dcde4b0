/** The error of everything that goes wrong with a file: it always knows which one. */

/**
 * A file or folder is missing, unreadable, malformed or cannot be written. The message says what was expected, what came
 * and what to do; a command line may print it without a stack.
 */
export class FileError extends Error {
  override readonly name: string = 'FileError';
  /** The file or folder. */
  readonly path: string;
  /** The system's error code, such as `ENOSPC`, where there was one. */
  readonly code?: string;

  /** @param message is put behind the path */
  constructor(path: string, message: string, cause?: unknown) {
    super(`${path}: ${message}`, cause === undefined ? undefined : { cause });
    this.path = path;
    this.code = systemCode(cause);
  }
}

/** The `code` of a Node system error, or undefined. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; free some space or choose another folder',
  EDQUOT: 'the disk quota is used up; free some space or choose another folder',
  EISDIR: 'this is a folder, not a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EMFILE: 'too many files are open',
  EIO: 'the device reports a read or write error',
};

/** A system error in words, with its code. */
export function describeSystemError(error: unknown): string {
  const code = systemCode(error);
  const words = code ? reasons[code] : undefined;
  if (words) return `${words} (${code})`;
  return error instanceof Error ? error.message : String(error);
}

/**
 * What a check of a file's content gives. A value that it refuses (RangeError, TypeError) becomes the file's error, so that whoever asked knows which file
 * to mend; the same check of a caller's own values stays what it is.
 *
 * @param path the file, or the folder whose files do not fit each other
 */
export function checkContent<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new FileError(path, error.message.replace(`${path}: `, ''), error);
  }
}
