/** What stands for a page: it opens widgets and uses them. */
import type { TestContext } from 'node:test';
import type { Widget } from 'roentgen-lab/display';

/** A front end that finds models by what they show, clicks buttons, types and submits. */
export function frontEnd(t: TestContext) {
  // biome-ignore lint/suspicious/noExplicitAny: stands for the launcher's comms
  const models: { state: any; comm: any }[] = [];
  const place = globalThis as Record<symbol, unknown>;
  place[Symbol.for('roentgen.comms')] = {
    open(_target: string, { state }: { state: object }) {
      const own = { ...state };
      const comm = {
        id: `model-${models.length}`,
        send: ({ state }: { state: object }) => void Object.assign(own, state),
        onMessage: undefined,
        onClose: undefined,
      };
      models.push({ state: own, comm });
      return comm;
    },
    register: () => undefined,
    beforeIdle: (call: () => void) => {
      flush = call;
    },
  };
  let flush = (): void => undefined;
  t.after(() => delete place[Symbol.for('roentgen.comms')]);
  const byName = (name: string) => models.find(({ state }) => state.description === name)!;
  const field = () => models.find(({ state }) => state._model_name === 'TextModel')!;
  const event = (model: ReturnType<typeof byName>, name: string): Promise<void> =>
    model.comm.onMessage({ data: { method: 'custom', content: { event: name } }, buffers: [] });
  return {
    open: (shown: Widget) => void shown.bundle(),
    click: (name: string) => event(byName(name), 'click'),
    async submit(words: string) {
      await field().comm.onMessage({ data: { method: 'update', state: { value: words } }, buffers: [] });
      await event(field(), 'submit');
    },
    isDisabled: (name: string): boolean => {
      flush();
      return byName(name).state.disabled;
    },
    typed: (): string => {
      flush();
      return field().state.value;
    },
    shown: (): string => {
      flush();
      return models
        .filter(({ state }) => state._model_name === 'HTMLModel')
        .map(({ state }) => state.value)
        .join('\n');
    },
  };
}
