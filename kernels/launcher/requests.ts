/** The requests that front ends send besides execution, and what is answered. */
import { complete, inspect, isComplete } from './assistance';
import type { Language } from './cells/language';
import type { Comms } from './comms';
import { createContext, runIn } from './contexts';
import type { Execution } from './execution';
import type { History } from './history';
import type { Iopub } from './iopub';
import type { Outbox } from './outbox';
import type { Content, Message, Wire } from './wire';

/** What the requests need of the kernel. */
export interface RequestParts {
  readonly wire: Wire;
  readonly iopub: Iopub;
  readonly language: Language;
  readonly history: History;
  readonly comms: Comms;
  readonly execution: Execution;
  /** Ends the running cell and handlers. */
  interrupt(): void;
  /** Ends the process, after the reply. */
  shutdown(): void;
}

/** Answers a message of the shell or control channel through the outbox of that channel. */
export function createRequests(parts: RequestParts): (message: Message, channel: Outbox) => void {
  const { wire, iopub, language, history, comms, execution } = parts;
  const answers: Record<string, (content: Content) => Content> = {
    kernel_info_request: () => kernelInfo(language),
    is_complete_request: (content) => isComplete(language, content),
    complete_request: (content) => complete(language, content),
    inspect_request: (content) => inspect(language, content),
    history_request: (content) => ({ status: 'ok', history: history.query(content) }),
    comm_info_request: (content) => ({ status: 'ok', comms: comms.list(content.target_name) }),
    interrupt_request() {
      parts.interrupt();
      return { status: 'ok' };
    },
    shutdown_request: ({ restart }) => ({ status: 'ok', restart: restart === true }),
  };

  function answer(message: Message, channel: Outbox): void {
    const type = message.header.msg_type;
    const respond = answers[type];
    if (!respond) return; // The protocol asks to ignore what one does not know.
    let content: Content;
    try {
      content = respond(message.content);
    } catch (error) {
      const { name, message: text } = error as Error;
      content = { status: 'error', ename: name, evalue: text, traceback: [] };
    }
    const header = wire.header(type.replace('_request', '_reply'));
    channel.send(wire.encode(header, content, { ids: message.ids, parent: message.header }));
  }

  return (message, channel) => {
    const type = message.header.msg_type;
    if (type === 'execute_request') {
      execution.submit(message);
      return;
    }
    const context = createContext(message.header, message.ids);
    iopub.status('busy', context);
    if (type.startsWith('comm_') && !type.endsWith('_request')) {
      // Not waited for: the front end holds further messages back until it sees this one's idle.
      runIn(context, () => comms.handle(message));
      comms.flush();
    } else {
      answer(message, channel);
    }
    iopub.status('idle', context);
    // That idle would show a running cell as finished.
    const running = execution.running();
    if (running) iopub.status('busy', running);
    if (type === 'shutdown_request') parts.shutdown();
  };
}

function kernelInfo(language: Language): Content {
  return {
    status: 'ok',
    protocol_version: '5.3',
    implementation: 'roentgen',
    implementation_version: '0.1.0',
    banner: `TypeScript ${language.version} (roentgen-lab; pictures are synthetic, not for diagnosis)`,
    language_info: {
      name: 'typescript',
      version: language.version,
      mimetype: 'text/typescript',
      file_extension: '.ts',
      pygments_lexer: 'typescript',
      nbconvert_exporter: 'script',
      codemirror_mode: { name: 'javascript', mode: 'typescript', typescript: true },
    },
    help_links: [],
  };
}
