/** One progress bar at a time, by what is being done. */

import { type Progress, progress } from '../display';

export interface OneBar {
  /** `what` names the bar; behind a comma it says how it goes. */
  show(what: string, done: number, total: number): void;
  end(): void;
}

/** The bars of a command that does one thing after another. */
export function oneBar(): OneBar {
  let bar: Progress | undefined;
  let shown = '';
  const end = (): void => {
    bar?.end();
    bar = undefined;
    shown = '';
  };
  return {
    show(what, done, total) {
      const [name, ...rest] = what.split(', ') as [string, ...string[]];
      if (name !== shown) {
        end();
        bar = progress(total, name);
        shown = name;
      }
      bar!.update(done, rest.join(', '));
    },
    end,
  };
}
