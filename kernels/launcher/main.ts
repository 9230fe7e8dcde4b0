/** The kernel: `node main.js <connection file>`. Jupyter starts it; the notebook's folder is the working directory. */
// Before anything can load TensorFlow: it reads its log level once.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';

import { setTimeout } from 'node:timers';
import { createLanguage } from './cells/language';
import { openChannels } from './channels';
import { createComms, installComms } from './comms';
import { readConnection } from './connection';
import { createContext, currentContext, Interrupted } from './contexts';
import { installDisplay } from './display';
import { describe } from './errors';
import { createExecution, installInterrupt } from './execution';
import { createHandlers } from './handlers';
import { createHistory } from './history';
import { createInput } from './input';
import { installInspection } from './inspection';
import { captureStreams, createIopub } from './iopub';
import { createRequests } from './requests';
import { installStacks } from './stacks';
import { installTimers } from './timers';
import { createWire, type Message } from './wire';

async function main(path: string): Promise<void> {
  const connection = readConnection(path);
  const wire = createWire(connection.key, 'kernel');
  installStacks();
  const complain = process.stderr.write.bind(process.stderr);
  const parent = Number(process.env.JPY_PARENT_PID);

  let receive: ((channel: 'shell' | 'control' | 'stdin', message: Message) => void) | undefined;
  const early: (() => void)[] = [];
  const channels = await openChannels(connection, parent > 0 ? parent : undefined, (channel, frames) => {
    let message: Message;
    try {
      message = wire.decode(frames);
    } catch (error) {
      complain(`roentgen kernel: ${channel}: ${(error as Error).message}\n`);
      return;
    }
    if (receive) receive(channel, message);
    else early.push(() => receive?.(channel, message));
  });
  const iopub = createIopub(wire, channels.iopub);
  iopub.status('starting', createContext());

  const language = createLanguage(channels.setSynchronous);
  const input = createInput(wire, channels.stdin, iopub);
  const history = createHistory();
  const handlers = createHandlers(iopub);
  const comms = createComms(iopub, handlers, () => execution.running());
  const execution = createExecution({ wire, shell: channels.shell, iopub, language, history, comms });
  captureStreams(iopub);
  installDisplay(iopub, input, language.tslab);
  installComms(comms);
  installInterrupt();
  installTimers();
  installInspection();

  const exit = process.exit.bind(process);
  function shutdown(): void {
    iopub.flush();
    setTimeout(() => exit(0), 2000).unref();
    language.close();
    void channels.close().finally(() => exit(0));
  }
  process.exit = (() => {
    throw new Error('process.exit: a cell cannot end the kernel; use Restart or Shut Down in the Kernel menu');
  }) as typeof process.exit;

  const interrupt = (): void => {
    execution.interrupt();
    handlers.interrupt();
  };
  const answer = createRequests({ wire, iopub, language, history, comms, execution, interrupt, shutdown });
  receive = (channel, message) => {
    if (channel === 'stdin') input.answer(message);
    else answer(message, channels[channel]);
  };
  for (const take of early) take();

  // A cell's mistake never ends the kernel.
  function report(what: string, error: unknown): void {
    // What an interrupted cell did not wait for ends as well.
    if (currentContext().muted || error instanceof Interrupted) return;
    iopub.write('stderr', `${what}: ${describe(error)}\n`);
  }
  process.on('uncaughtException', (error) => report('Uncaught', error));
  process.on('unhandledRejection', (error) => report('Unhandled rejection', error));
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', shutdown);
  channels.listen();
}

const path = process.argv[2];
if (!path) {
  process.stderr.write('usage: node main.js <connection file>\n');
  process.exit(2);
}
main(path).catch((error) => {
  process.stderr.write(`roentgen kernel: ${error.message}\n`);
  process.exit(1);
});
