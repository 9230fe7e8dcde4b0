import { escapeHtml } from '../escape';

/** What SGR codes (ECMA-48, 8.3.117) have switched on. */
interface Style {
  classes: Set<string>;
  colour: string;
  background: string;
}

const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;
const switches: Readonly<Record<number, string>> = { 1: 'bold', 2: 'faint', 3: 'italic', 4: 'underline' };

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences begin with ESC
const sequences = /\u001b\[([0-9;:?]*)([ -/]*[@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-_]/g;

/**
 * Terminal output as HTML: colours and weights become classes `ansi-…`, text is escaped, a carriage return lets what follows
 * overwrite its line as in a terminal, all other control sequences are dropped.
 */
export function ansiToHtml(text: string): string {
  const style: Style = { classes: new Set(), colour: '', background: '' };
  let html = '';
  let last = 0;
  const source = overwrite(text);
  const emit = (piece: string): void => {
    if (piece !== '') html += wrap(piece, style);
  };
  for (const sequence of source.matchAll(sequences)) {
    emit(source.slice(last, sequence.index));
    last = sequence.index + sequence[0].length;
    if (sequence[2] === 'm') apply(style, (sequence[1] ?? '').split(/[;:]/).map(Number));
  }
  emit(source.slice(last));
  return html;
}

/** Lines with what a terminal would show in the end: the last rewriting of each. */
function overwrite(text: string): string {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  return lines.map((line) => line.replace(/\r+$/, '').split('\r').pop()!).join('\n');
}

function wrap(text: string, { classes, colour, background }: Style): string {
  const names = [...classes].join(' ');
  const css = [colour.startsWith('#') ? `color:${colour}` : '', background.startsWith('#') ? `background:${background}` : ''];
  const palette = [colour.startsWith('#') ? '' : colour, background.startsWith('#') ? '' : background];
  const all = [names, ...palette].filter(Boolean).join(' ');
  const inline = css.filter(Boolean).join(';');
  if (all === '' && inline === '') return escapeHtml(text);
  return `<span${all && ` class="${all}"`}${inline && ` style="${inline}"`}>${escapeHtml(text)}</span>`;
}

function apply(style: Style, codes: readonly number[]): void {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    const bright = code >= 90;
    const index = bright ? (code - 90) % 10 : code % 10;
    if (code === 0) {
      style.classes.clear();
      style.colour = style.background = '';
    } else if (switches[code]) style.classes.add(`ansi-${switches[code]}`);
    else if (code === 22) for (const name of ['ansi-bold', 'ansi-faint']) style.classes.delete(name);
    else if (code === 23 || code === 24) style.classes.delete(code === 23 ? 'ansi-italic' : 'ansi-underline');
    else if (code === 39) style.colour = '';
    else if (code === 49) style.background = '';
    else if (code === 38 || code === 48) {
      const [value, used] = extended(codes.slice(i + 1));
      if (code === 38) style.colour = value;
      else style.background = value;
      i += used;
    } else if (index < 8 && ((code >= 30 && code < 38) || (code >= 90 && code < 98))) style.colour = `ansi-${names[index]}`;
    else if (index < 8 && ((code >= 40 && code < 48) || (code >= 100 && code < 108))) style.background = `ansi-on-${names[index]}`;
  }
}

/** A colour of 38;5;n (xterm's 256) or 38;2;r;g;b as #rrggbb or a class, and how many codes it took. */
function extended(codes: readonly number[]): [colour: string, used: number] {
  const hex = (...channels: number[]): string =>
    `#${channels
      .map((c) =>
        Math.min(255, Math.max(0, c || 0))
          .toString(16)
          .padStart(2, '0'),
      )
      .join('')}`;
  if (codes[0] === 2) return [hex(codes[1]!, codes[2]!, codes[3]!), 4];
  if (codes[0] !== 5) return ['', 0];
  const n = codes[1] ?? 0;
  if (n >= 232) return [hex(8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232)), 2];
  if (n < 16) return [`ansi-${names[n % 8]}`, 2];
  const level = (step: number): number => (step === 0 ? 0 : 55 + 40 * step);
  return [hex(level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6)), 2];
}
