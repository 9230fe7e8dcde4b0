/** All strategies, by the name that recipes give; a new one is a file and a line here. */

import { joint } from './joint';
import type { Strategy } from './strategy';
import { unetOnly } from './unet-only';

export type { Strategy } from './strategy';

const strategies: readonly Strategy[] = [joint, unetOnly];

/** Names of all strategies. */
export function strategyNames(): string[] {
  return strategies.map(({ name }) => name);
}

/** @throws RangeError where there is none of that name, listing those there are */
export function strategyOf(name: string): Strategy {
  const found = strategies.find((strategy) => strategy.name === name);
  if (!found) throw new RangeError(`strategy: expected one of ${strategyNames().join(', ')}, got ${JSON.stringify(name)}`);
  return found;
}
