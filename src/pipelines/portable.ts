/** What a model says of itself, without what belongs to the machine that it was made on. */

/** `/home/anna/runs/base`, `~/base`, `C:\Users\anna`, `\\server\share`, `file:///…`; no address of the web, and no `and/or`. */
const PATH = /(?<![\w:/.~\\<])(?:file:\/\/)?(?:~?(?:\/[\w.@+-]+){2,}\/?|~\/[\w.@+-]+\/?|[A-Za-z]:[\\/][^\s"'`<>|)]+|\\\\[^\s"'`<>|)]+)/g;

/** The last name of a path. */
const lastOf = (path: string): string => path.split(/[\\/]/).filter(Boolean).at(-1) ?? '';

/** A text in which each path of a machine is its last name. */
export function portableText(text: string): string {
  return text.replace(PATH, lastOf);
}

/** A config without notes (`comment`, and keys that begin with an underscore but for the class) and without values that are paths. */
export function portableConfig(config: object): object {
  const isNote = (key: string): boolean => key === 'comment' || (key.startsWith('_') && key !== '_class_name');
  const isPath = (value: unknown): boolean => typeof value === 'string' && portableText(value) !== value;
  return Object.fromEntries(Object.entries(config).filter(([key, value]) => !isNote(key) && !isPath(value)));
}
