/** Which parts of an evaluation are run, for commander. */

import { InvalidArgumentError } from 'commander';

/** Names of a list behind commas. */
export const partsOf =
  <P extends string>(known: readonly P[]) =>
  (text: string): P[] =>
    text.split(',').map((name) => {
      const part = known.find((one) => one === name.trim());
      if (part === undefined)
        throw new InvalidArgumentError(`expected some of ${known.join(', ')}, as in ${known.slice(0, 2).join(',')}; got ${name.trim()}.`);
      return part;
    });
