/**
 * The values that cells have declared: one object, whose properties later cells read and assign.
 *
 * While a cell runs, a name that it declares anew keeps its old value until the declaration is reached. When the cell has ended,
 * however it did, what was reached stays, and of the rest the old values.
 */
import type { Binding } from './program';

type Values = Record<string, unknown>;

/** The names of all cells. */
export interface Names {
  /** What the code of cells sees as `exports`. */
  readonly exports: object;
  /** A cell begins. */
  declare(bindings: readonly Binding[]): Declaring;
}

/** How a cell ended. Code of one that was given up may still run. */
export type Ending = 'succeeded' | 'failed' | 'given up';

/** The names of a cell that runs. */
export interface Declaring {
  /** Takes the access to the cell's variables, in its first statement. */
  access(variables: Values): void;
  /** The cell has ended. Returns the names whose declarations were not reached. */
  end(ending: Ending): string[];
}

export function createNames(): Names {
  const exports: Values = {};
  const define = (name: string, descriptor: PropertyDescriptor): unknown =>
    Object.defineProperty(exports, name, { ...descriptor, configurable: true, enumerable: true });

  function declare(bindings: readonly Binding[]): Declaring {
    const ends: ((ending: Ending) => boolean)[] = [];

    function declareOne({ name, hoisted, captured, variable }: Binding, variables: Values): (ending: Ending) => boolean {
      const before = Object.getOwnPropertyDescriptor(exports, name);
      const old: Values = before ? Object.defineProperty({}, name, before) : variables;

      function isReached(undefinedCounts: boolean): boolean {
        try {
          return variables[name] !== undefined || undefinedCounts;
        } catch {
          return false; // V8 knows that the declaration was not reached.
        }
      }

      define(name, {
        get: () => (isReached(!hoisted) ? variables : old)[name],
        set(value) {
          (isReached(!hoisted) ? variables : old)[name] = value;
        },
      });
      return (ending) => {
        if (!isReached(!hoisted || ending === 'succeeded')) {
          if (before) define(name, Object.getOwnPropertyDescriptor(old, name)!);
          else delete exports[name];
          return false;
        }
        if (captured && variable) {
          define(name, Object.getOwnPropertyDescriptor(variables, name)!);
          return true;
        }
        define(name, { value: variables[name], writable: true });
        // Otherwise functions of the cell, which have no use for it, would hold on to the value when the name has a new one.
        if (variable && ending !== 'given up') variables[name] = undefined;
        return true;
      };
    }

    return {
      access(variables) {
        for (const binding of bindings) ends.push(declareOne(binding, variables));
      },
      // Without access, the cell ended before its first statement.
      end: (ending) => bindings.filter((_, i) => !ends[i]?.(ending)).map(({ name }) => name),
    };
  }

  return { exports, declare };
}
