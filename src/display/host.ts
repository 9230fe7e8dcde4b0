import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** One value in several forms, by MIME type: text as strings, pictures as base64, Plotly figures as JSON. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** What a front end is told beside a bundle, such as the size of a picture. */
export type BundleMetadata = Readonly<Record<string, unknown>>;

/** Takes what code prints and shows. */
export interface OutputSink {
  write(name: 'stdout' | 'stderr', text: string): void;
  /** A display, or with `update` a change of one. */
  show(bundle: MimeBundle, metadata: BundleMetadata, displayId: string | undefined, update: boolean): void;
  clear(wait: boolean): void;
}

/** Where things are shown: a notebook's front end, or a terminal. */
export interface DisplayHost {
  /** Shows a bundle; with a displayId it can be updated later. */
  display(bundle: MimeBundle, metadata?: BundleMetadata, displayId?: string): void;
  /** Replaces what was shown under a displayId. */
  update(bundle: MimeBundle, metadata: BundleMetadata, displayId: string): void;
  /** Empties the cell's output; with wait, only when the next output comes. */
  clear(wait: boolean): void;
  /** Where the kernel can do it: runs something whose texts and displays go to the sink in place of the cell's output. */
  capture?<T>(sink: OutputSink, body: () => T): T;
  /** Asks the person at the keyboard for one line. */
  input(prompt: string, password: boolean): Promise<string>;
}

/** Under this symbol of the global object a kernel offers its DisplayHost. */
export const hostSymbol: unique symbol = Symbol.for('roentgen.display');

type WriteDisplayData = (message: { data: MimeBundle; metadata: BundleMetadata; transient: object }, update: boolean) => void;

/**
 * The kernel's display where there is one: our launcher offers it, stock tslab has one behind its own modules. Undefined
 * in a terminal.
 */
export function notebookHost(): DisplayHost | undefined {
  const offered = (globalThis as { [hostSymbol]?: DisplayHost })[hostSymbol];
  if (offered) return offered;
  const write = tslabWriter();
  return write && stockTslabHost(write);
}

/** The display that is there: the kernel's, else plain lines on standard output. */
export function displayHost(): DisplayHost {
  return notebookHost() ?? terminalHost;
}

/** Asks for one line of text: a field under the cell in a notebook, a line in a terminal; a password is not echoed. */
export function input(prompt = '', password = false): Promise<string> {
  return displayHost().input(prompt, password);
}

/** tslab's message writer, if this process is a tslab kernel that has run a cell; it is found without loading tslab. */
function tslabWriter(): WriteDisplayData | undefined {
  for (const [file, loaded] of Object.entries(require.cache)) {
    if (!/[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(file)) continue;
    return (loaded!.exports as { lastWriteDisplayData?: WriteDisplayData | null }).lastWriteDisplayData ?? undefined;
  }
  return undefined;
}

function stockTslabHost(write: WriteDisplayData): DisplayHost {
  return {
    display: (data, metadata = {}, displayId) => write({ data, metadata, transient: displayId ? { display_id: displayId } : {} }, false),
    update: (data, metadata, displayId) => write({ data, metadata, transient: { display_id: displayId } }, true),
    clear: () => undefined, // its message loop has no clear_output
    input: () => Promise.reject(new Error('input: stock tslab has no input(); use one of the TypeScript (roentgen) kernels')),
  };
}

const terminalHost: DisplayHost = {
  display: (bundle) => {
    const text = bundle['text/plain'];
    if (typeof text === 'string' && text !== '') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  },
  update: () => undefined,
  clear: () => undefined,
  input: askInTerminal,
};

async function askInTerminal(prompt: string, password: boolean): Promise<string> {
  let muted = false;
  const output = new Writable({
    write(bytes: Uint8Array, _encoding, done) {
      if (!muted) process.stdout.write(bytes);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY === true });
  try {
    const answer = lines.question(prompt);
    muted = password;
    const text = await answer;
    if (password) process.stdout.write('\n');
    return text;
  } finally {
    lines.close();
  }
}
