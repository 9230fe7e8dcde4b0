/** A secret that processes share, and TLS by it: each proves to the other that it has it, and all between them is encrypted. */

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { ConnectionOptions, TlsOptions } from 'node:tls';
import { FileError } from '../../files';
import { describeSystemError } from '../../files/internal';

/** Bytes of a secret that can't be guessed. */
const LEAST = 32;

/**
 * The key that follows from a secret's file.
 *
 * @throws FileError where it can't be read, is short, or others may read it
 */
export async function readSecret(path: string): Promise<Buffer> {
  const how = `make one: (umask 077; head -c ${LEAST} /dev/urandom > ${path})`;
  try {
    const [secret, { mode }] = await Promise.all([readFile(path), stat(path)]);
    if (secret.length < LEAST) throw new FileError(path, `has ${secret.length} bytes, a secret at least ${LEAST}; ${how}`);
    if (mode & 0o077) throw new FileError(path, `can be read by others than its owner; it is no secret any more: remove it, and ${how}`);
    return createHash('sha256').update('roentgen-lab cluster').update(secret).digest();
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(path, `cannot be read: ${describeSystemError(error)}; ${how}`, error);
  }
}

const IDENTITY = 'roentgen';

/** TLS 1.3 with a key that both have (RFC 8446, section 2.2), and forward secrecy; without certificates, so that nobody else comes in. */
const PROTOCOL = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;

export const listening = (key: Buffer): TlsOptions => ({
  ...PROTOCOL,
  pskCallback: (_, identity) => (identity === IDENTITY ? key : null),
});

export const connecting = (key: Buffer): ConnectionOptions => ({
  ...PROTOCOL,
  pskCallback: () => ({ psk: key, identity: IDENTITY }),
  checkServerIdentity: () => undefined, // who has the key is who is meant
});
