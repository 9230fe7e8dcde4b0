/** The version of this library, as what it writes says it. */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const { version } = JSON.parse(readFileSync(join(resolve(__dirname, '..', '..'), 'package.json'), 'utf8')) as { version: string };

/** Such as `0.1.0`. */
export const libraryVersion: string = version;
