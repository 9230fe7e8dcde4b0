import { type Displayable, displayable } from './displayable';
import { escapeHtml } from './escape';
import { palette } from './palette';

/** Words of a text with what is said about them. */
export interface TextMark {
  /** First character, and the first behind the last. */
  readonly start: number;
  readonly end: number;
  /** Stands behind the words, small. */
  readonly label: string;
  /** Marks of a kind share a colour; kinds take those of charts in the order in which they are given. */
  readonly kind: string;
}

/**
 * A text in which places are marked, each with a label: what a labeler found, the entities of a report. Marks of the same words share them;
 * of marks that overlap otherwise the earlier and longer one is shown.
 *
 * @param kinds  all kinds in the order of their colours; they are named below the text
 * @throws RangeError where a mark lies outside the text or has another kind
 * @example markedText(text, [{ start: 3, end: 11, label: 'Effusion', kind: 'absent' }], ['present', 'absent'])
 */
export function markedText(text: string, marks: readonly TextMark[], kinds: readonly string[]): Displayable {
  for (const { start, end, kind } of marks) {
    if (!(start >= 0 && end > start && end <= text.length))
      throw new RangeError(`markedText: expected 0 <= start < end <= ${text.length}, got ${start} and ${end}`);
    if (!kinds.includes(kind)) throw new RangeError(`markedText: kind: expected ${kinds.join(', ')}, got ${kind}`);
  }
  const look = (kind: string): string => {
    const colour = palette[kinds.indexOf(kind) % palette.length]!;
    return `background:${colour}33;border-bottom:2px solid ${colour};padding:0 2px;border-radius:2px`;
  };
  const [html, plain]: string[][] = [[], []];
  let at = 0;
  for (const { start, end, labels, kind } of settled(marks)) {
    const words = text.slice(start, end);
    const label = labels.join(', ');
    const small = label === '' ? '' : `<small style="font-size:10px;opacity:.75;margin-left:3px">${escapeHtml(label)}</small>`;
    html!.push(
      escapeHtml(text.slice(at, start)),
      `<span title="${escapeHtml(kind)}" style="${look(kind)}">${escapeHtml(words)}${small}</span>`,
    );
    plain!.push(text.slice(at, start), `[${words}${label === '' ? '' : ` → ${label}`}, ${kind}]`);
    at = end;
  }
  const used = kinds.filter((kind) => marks.some((mark) => mark.kind === kind));
  const legend = used.map((kind) => `<span style="${look(kind)}">${escapeHtml(kind)}</span>`).join(' ');
  const below = legend === '' ? '' : `<div style="font-size:11px;margin-top:4px">${legend}</div>`;
  const shown = `${html!.join('')}${escapeHtml(text.slice(at))}`;
  return displayable(() => ({
    'text/html': `<div class="rg-marked" style="font-size:13px;line-height:1.9;white-space:pre-line;max-width:900px">${shown}${below}</div>`,
    'text/plain': `${plain!.join('')}${text.slice(at)}`,
  }));
}

interface Settled extends Pick<TextMark, 'start' | 'end' | 'kind'> {
  readonly labels: string[];
}

/** Marks in the order of the text, none over another. */
function settled(marks: readonly TextMark[]): Settled[] {
  const kept: Settled[] = [];
  for (const { start, end, label, kind } of [...marks].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1);
    if (!last || start >= last.end) kept.push({ start, end, kind, labels: label === '' ? [] : [label] });
    else if (start === last.start && end === last.end && label !== '' && !last.labels.includes(label)) last.labels.push(label);
  }
  return kept;
}
