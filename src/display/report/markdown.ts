import { readFileSync } from 'node:fs';
import { extname, isAbsolute, join } from 'node:path';
import katex from '@vscode/markdown-it-katex';
import MarkdownIt from 'markdown-it';
import { escapeHtml } from '../escape';
import { highlightAs } from './highlight';
import { joined, type NotebookCell } from './notebook';

/** A heading of the report, for its table of contents. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly id: string;
}

/** Turns a notebook's Markdown cells into HTML and collects their headings. */
export interface MarkdownRenderer {
  readonly headings: readonly Heading[];
  render(cell: NotebookCell): string;
}

const imageTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
};

/** The only HTML that is understood: lines that fold a solution away. */
const fold = /^\s*(?:<details( open)?>\s*)?(?:<summary>(.*)<\/summary>)?\s*$|^\s*<\/details>\s*$/;

/**
 * A renderer for one notebook. HTML in Markdown is shown as text, except lines of `<details>` and `<summary>`; formulas become MathML,
 * which browsers draw without fonts of ours; pictures are put into the page (attachments, and files beside the notebook), pictures from the
 * network are named instead.
 *
 * @param folder  where the notebook lies
 * @param pages   addresses of pages that lie beside this one: links may lead there
 */
export function markdownRenderer(folder: string, pages: readonly string[] = []): MarkdownRenderer {
  const headings: Heading[] = [];
  const used = new Map<string, number>();
  let cell: NotebookCell | undefined;
  const md = new MarkdownIt({ html: false, highlight: highlightAs }).use(katex, { output: 'mathml', throwOnError: false });

  md.renderer.rules.heading_open = (tokens, index) => {
    const text = (tokens[index + 1]!.children ?? []).map(({ content }) => content).join('');
    const level = Number(tokens[index]!.tag.slice(1));
    const slug =
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}]+/gu, '-')
        .replace(/^-|-$/g, '') || 'section';
    const count = used.get(slug) ?? 0;
    used.set(slug, count + 1);
    const id = count === 0 ? `s-${slug}` : `s-${slug}-${count}`;
    headings.push({ level, text, id });
    return `<h${level} id="${id}">`;
  };
  md.renderer.rules.link_open = (tokens, index) => {
    const href = String(tokens[index]!.attrGet('href') ?? '');
    if (pages.includes(href)) return `<a href="${escapeHtml(href)}">`;
    // Only addresses that a person may follow, and places in the page; a link to another notebook leads nowhere from a report.
    if (!/^(?:https?:|mailto:|#)/i.test(href)) return '<a>';
    return `<a href="${escapeHtml(href)}"${href.startsWith('#') ? '' : ' rel="noopener noreferrer" target="_blank"'}>`;
  };
  md.renderer.rules.image = (tokens, index) => {
    const { content } = tokens[index]!;
    const source = String(tokens[index]!.attrGet('src') ?? '');
    const data = pictureData(source, folder, cell);
    if (data) return `<img src="${data}" alt="${escapeHtml(content)}">`;
    return `<em>[picture not included: ${escapeHtml(content || source)}]</em>`;
  };
  md.block.ruler.before('paragraph', 'fold', foldRule, { alt: ['paragraph', 'list', 'blockquote'] });
  md.renderer.rules.fold = (tokens, index) => {
    const { content, info, hidden } = tokens[index]!;
    if (info === 'close') return '</details>';
    const summary = hidden ? '' : `<summary>${md.renderInline(content)}</summary>`;
    return `${info === 'summary' ? '' : `<details${info === 'open-now' ? ' open' : ''}>`}${summary}`;
  };
  return {
    headings,
    render: (next) => {
      cell = next;
      return balanced(md.render(joined(next.source)));
    },
  };
}

/** The block rule for one line of details or summary. */
const foldRule: Parameters<MarkdownIt['block']['ruler']['before']>[2] = (state, startLine, _endLine, silent) => {
  const line = state.src.slice(state.bMarks[startLine]! + state.tShift[startLine]!, state.eMarks[startLine]!);
  const match = line.trim() === '' ? null : fold.exec(line);
  if (!match) return false;
  if (silent) return true;
  const token = state.push('fold', '', 0);
  token.info = /<\/details>/.test(line) ? 'close' : /<details/.test(line) ? (match[1] ? 'open-now' : 'open') : 'summary';
  token.content = match[2] ?? '';
  token.hidden = match[2] === undefined;
  token.map = [startLine, startLine + 1];
  state.line = startLine + 1;
  return true;
};

/** Closes what a cell left open and drops what it closed too often: a cell never folds away the rest of the page. */
function balanced(html: string): string {
  let open = 0;
  const balanced = html.replace(/<details[ >]|<\/details>/g, (tag) => {
    if (tag !== '</details>') open += 1;
    else if (open === 0) return '';
    else open -= 1;
    return tag;
  });
  return balanced + '</details>'.repeat(open);
}

/** A picture as a data URL; undefined where it is on the network, missing, or no picture. */
function pictureData(source: string, folder: string, cell: NotebookCell | undefined): string | undefined {
  if (/^data:image\/(?:png|jpeg|gif|webp);/i.test(source)) return source;
  if (source.startsWith('attachment:')) {
    const [type, data] = Object.entries(cell?.attachments?.[decodeURIComponent(source.slice(11))] ?? {})[0] ?? [];
    return type?.startsWith('image/') ? `data:${type};base64,${joined(data).replace(/\s/g, '')}` : undefined;
  }
  const type = imageTypes[extname(source).toLowerCase()];
  if (/^[a-z]+:|^\/\//i.test(source) || isAbsolute(source) || !type) return undefined;
  try {
    return `data:${type};base64,${readFileSync(join(folder, decodeURIComponent(source))).toString('base64')}`;
  } catch {
    return undefined; // named in the text instead
  }
}
