/** The cells that were run, for `history_request`: consoles search them and step back through them. */
import type { Content } from './wire';

/** Remembers inputs and the text of their results. */
export interface History {
  add(line: number, source: string): void;
  /** The result of the last added input. */
  setOutput(text: string): void;
  /** Answers a `history_request`: tail, range or search (with `*` and `?`). */
  query(request: Content): unknown[];
}

interface Entry {
  readonly line: number;
  readonly source: string;
  output: string | null;
}

const session = 1;
const kept = 10_000;

export function createHistory(): History {
  const entries: Entry[] = [];

  function select(request: Content): Entry[] {
    const n: number = request.n ?? entries.length;
    switch (request.hist_access_type) {
      case 'range':
        return entries.filter(({ line }) => line >= (request.start ?? 0) && (request.stop == null || line < request.stop));
      case 'search': {
        const pattern = globPattern(String(request.pattern ?? '*'));
        let found = entries.filter(({ source }) => pattern.test(source));
        // The latest of equal inputs stays, at its place.
        if (request.unique) found = found.filter((entry, i) => !found.slice(i + 1).some((later) => later.source === entry.source));
        return n > 0 ? found.slice(-n) : [];
      }
      default:
        return n > 0 ? entries.slice(-n) : [];
    }
  }

  return {
    add(line, source) {
      entries.push({ line, source, output: null });
      if (entries.length > kept) entries.shift();
    },
    setOutput(text) {
      const last = entries.at(-1);
      if (last) last.output = text;
    },
    query: (request) => select(request).map(({ line, source, output }) => [session, line, request.output ? [source, output] : source]),
  };
}

function globPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 's');
}
