/**
 * Stacks of errors name places in what a person wrote, from the moment they are made: in uncaught errors, in `error.stack`, in what is
 * logged. V8 asks `Error.prepareStackTrace` for a stack's text; here that leads each frame back through source maps and leaves out the
 * frames of the kernel and those of generated code.
 */
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, join } from 'node:path';

/** Where code that runs comes from. */
export interface Source {
  /** What runs. */
  readonly code: string;
  /** From what runs to what was compiled, one after another; JSON texts. */
  readonly maps: readonly string[];
  /** The way from there to what a person wrote; lines and columns from 0. Undefined where that has no such place. */
  original?(line: number, column: number): [line: number, column: number] | undefined;
  /** What generated names, such as `exports.model`, stand for. */
  readonly names?: ReadonlyMap<string, string>;
}

/** Sources that are kept: enough for functions of earlier cells, bounded for kernels that run for days. */
const kept = 200;

const hidden = [
  `${__dirname}/`,
  `${__dirname}\\`,
  dirname(require.resolve('tslab/package.json')),
  // Between a control and its handler.
  join('dist', 'display', 'widgets'),
  'node:vm',
  'node:internal/',
  'node:async_hooks',
];

const sources = new Map<string, Source>();
const parsed = new WeakMap<Source, { readonly lines: readonly string[]; readonly maps: readonly SourceMap[] }>();

/** Remembers where a script (`cell[3]`, or a local file's path) comes from. */
export function rememberSource(script: string, source: Source): void {
  sources.delete(script);
  sources.set(script, source);
  if (sources.size > kept) sources.delete(sources.keys().next().value!);
}

/** The scripts of the functions that are being called, the innermost first, without the function that asks. */
export function callingScripts(): string[] {
  const before = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, sites) => sites;
  const holder: { stack?: unknown } = {};
  Error.captureStackTrace(holder, callingScripts);
  const sites = holder.stack as NodeJS.CallSite[];
  Error.prepareStackTrace = before;
  return sites.slice(1).map((site) => scriptOf(site) ?? '');
}

/** Whether a person wrote the script here: a cell or a local file. */
export function isSource(script: string): boolean {
  return sources.has(script);
}

/** Lets every stack that is made from now on name the places in the sources. */
export function installStacks(): void {
  Error.prepareStackTrace = (error, sites) => {
    const frames = sites.map(frameOf);
    const shown = frames.filter((frame) => frame !== undefined);
    const first = sites[frames.findIndex((frame) => frame !== undefined)];
    const source = first && sources.get(scriptOf(first) ?? '');
    if (source) nameWhatIsMeant(error, source);
    // Where nothing is left, the kernel itself failed.
    const lines = shown.length > 0 ? shown : sites.map(String);
    return [titleOf(error), ...lines.map((line) => `    at ${line}`)].join('\n');
  };
}

function scriptOf(site: NodeJS.CallSite): string | undefined {
  return site.getScriptNameOrSourceURL?.() ?? site.getFileName() ?? undefined;
}

function frameOf(site: NodeJS.CallSite): string | undefined {
  const text = String(site);
  if (/^(new Promise )?\(?<anonymous>\)?$/.test(text)) return undefined;
  const script = scriptOf(site);
  const source = script && sources.get(script);
  if (!source) return hidden.some((part) => text.includes(part)) ? undefined : text;
  const [line, column] = [site.getLineNumber() ?? 0, site.getColumnNumber() ?? 0];
  const place = placeOf(source, line, column);
  return place && text.replace(`${script}:${line}:${column}`, `${script}:${place[0]}:${place[1]}`);
}

/** The place in what was written; from 1. */
function placeOf(source: Source, line: number, column: number): [line: number, column: number] | undefined {
  let found = parsed.get(source);
  if (!found) {
    found = { lines: source.code.split('\n'), maps: source.maps.map((text) => new SourceMap(JSON.parse(text) as SourceMapPayload)) };
    parsed.set(source, found);
  }
  // V8 names a call by its callee's start; of the generated form `(0, helper_1.div)(0)`, by the parenthesis behind it.
  const callee = /\(0, [\w$.]+\)$/.exec(found.lines[line - 1]?.slice(0, column - 1) ?? '');
  let place: [number, number] | undefined = [line - 1, callee ? callee.index : column - 1];
  for (const map of found.maps) {
    const entry = map.findEntry(...place);
    // Of a line that was generated, the entry is an earlier line's.
    if (!('originalLine' in entry) || entry.originalLine === undefined || entry.generatedLine !== place[0]) return undefined;
    place = [entry.originalLine, entry.originalColumn];
  }
  if (source.original) place = source.original(...place);
  return place && [place[0] + 1, place[1] + 1];
}

function titleOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  try {
    const title = Error.prototype.toString.call(error);
    const { name } = error;
    return typeof code === 'string' && code.startsWith('ERR_') && title.startsWith(name)
      ? `${name} [${code}]${title.slice(name.length)}`
      : title;
  } catch {
    return '<error>';
  }
}

/** V8 quotes the code that runs (`exports.model is not a function`) where a person wrote `model`. */
function nameWhatIsMeant(error: Error, { names }: Source): void {
  if (!(error instanceof TypeError) || typeof error.message !== 'string') return;
  const meant = error.message
    .replace(/\(0 ?, ([\w$.]+)\)/g, '$1')
    .replace(/__roentgen__\.end\(\.\.\.\)/g, '(await …)')
    .replace(/[\w$]+\.[\w$]+/g, (name) => names?.get(name) ?? name)
    .replace(/\bexports\.([\w$]+)/g, '$1');
  if (meant !== error.message) error.message = meant;
}
