import { stat } from 'node:fs/promises';

/** Whether there is a file, and not a folder. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
