/** What things that are kept are known by. */

import { createHash } from 'node:crypto';

/** SHA-256 of plain data, in the order of their keys. */
export const hashOf = (data: unknown): string => createHash('sha256').update(JSON.stringify(data)).digest('hex');
