/** Questions to the person at the front end: `input_request` on the stdin channel and its reply. */
import { type Context, Interrupted } from './contexts';
import type { Iopub } from './iopub';
import type { Outbox } from './outbox';
import type { Message, Wire } from './wire';

/** Asks and takes answers. */
export interface Input {
  /** @throws Error where the front end takes no questions; Interrupted where the context is interrupted meanwhile */
  ask(context: Context, prompt: string, password: boolean): Promise<string>;
  /** Takes an `input_reply`. */
  answer(message: Message): void;
}

/** @param stdin  outbox of the stdin channel */
export function createInput(wire: Wire, stdin: Outbox, iopub: Iopub): Input {
  const waiting = new Map<string, (value: string) => void>();
  return {
    ask(context, prompt, password) {
      if (!context.allowInput) {
        return Promise.reject(new Error('input: this front end takes no questions (allow_stdin is false); run the cell in JupyterLab'));
      }
      const { signal } = context.interrupt;
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const header = wire.header('input_request');
        const interrupted = (): void => {
          waiting.delete(header.msg_id);
          reject(signal.reason instanceof Error ? signal.reason : new Interrupted());
        };
        signal.addEventListener('abort', interrupted, { once: true });
        waiting.set(header.msg_id, (value) => {
          waiting.delete(header.msg_id);
          signal.removeEventListener('abort', interrupted);
          resolve(value);
        });
        iopub.flush(); // The text before the question is read first.
        stdin.send(wire.encode(header, { prompt: String(prompt), password }, { ids: context.ids, parent: context.parent }));
      });
    },
    answer(message) {
      // Some front ends answer without naming the question: then it is the oldest.
      const settle = waiting.get(message.parent.msg_id ?? '') ?? waiting.values().next().value;
      settle?.(String(message.content.value ?? ''));
    },
  };
}
