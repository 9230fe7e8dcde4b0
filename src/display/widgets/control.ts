/** What every control is made of: a value that a person changes, a handler that hears of it, a property that takes it away. */
import { newest } from './newest';
import type { Change, Widget } from './widget';

/** A control with a value. Setting the value moves the control; `onChange` hears the person's changes only. */
export interface Control<T> extends Widget {
  value: T;
  /** Whether the person may change it. */
  disabled: boolean;
}

/** What all controls take. */
export interface ControlOptions<T> {
  /** The text before it. */
  readonly label?: string;
  /** Hears each new value, also while a cell runs. One call runs at a time, the newest value wins; an error is shown under the control's cell. */
  readonly onChange?: (value: T, change: Change) => unknown;
}

/** Calls a handler for the newest value; without a handler nothing. */
export function listener<T>(onChange: ControlOptions<T>['onChange']): ((value: T) => Promise<void>) | undefined {
  return onChange && newest<T>((value, signal) => onChange(value, { signal }));
}

/** The property `disabled` of a model. */
export function disabling(model: { readonly state: Readonly<Record<string, unknown>>; set(changes: object): void }): { disabled: boolean } {
  return {
    get disabled() {
      return model.state.disabled === true;
    },
    set disabled(value) {
      model.set({ disabled: value });
    },
  };
}

/** Adds properties with their getters and setters. */
export function withGetters<A extends object, B extends object>(a: A, b: B): A & B {
  return Object.defineProperties(a, Object.getOwnPropertyDescriptors(b)) as A & B;
}
