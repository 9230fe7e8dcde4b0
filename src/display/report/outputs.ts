import { escapeHtml } from '../escape';
import { plotlyMime } from '../figure';
import { ansiToHtml } from './ansi';
import type { MarkdownRenderer } from './markdown';
import { joined, type NotebookOutput } from './notebook';
import { sanitize } from './sanitize';

/** An interactive figure of the page: Plotly's arguments. */
export interface PageFigure {
  readonly data: unknown;
  readonly layout: unknown;
}

/** Forms of a picture that a page can show, best first. */
const imageTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/svg+xml'] as const;

/**
 * A cell's outputs as HTML: of each bundle its best form. Streams of one name that follow each other are joined, as they came.
 *
 * @param figures  takes the interactive figures; the page draws them by their place in it
 */
export function outputsHtml(outputs: readonly NotebookOutput[], markdown: MarkdownRenderer, figures: PageFigure[]): string {
  const parts: string[] = [];
  for (let i = 0; i < outputs.length; i++) {
    const output = outputs[i]!;
    if (output.output_type === 'stream') {
      let text = joined(output.text);
      while (outputs[i + 1]?.output_type === 'stream' && outputs[i + 1]!.name === output.name) text += joined(outputs[++i]!.text);
      const name = output.name === 'stderr' ? ' stderr' : '';
      if (text.trim() !== '') parts.push(`<pre class="stream${name}">${ansiToHtml(text.replace(/\n+$/, ''))}</pre>`);
    } else if (output.output_type === 'error') {
      const trace = (output.traceback ?? []).join('\n') || `${output.ename ?? 'Error'}: ${output.evalue ?? ''}`;
      parts.push(`<pre class="error">${ansiToHtml(trace)}</pre>`);
    } else if (output.data) {
      parts.push(bundleHtml(output.data, markdown, figures));
    }
  }
  return parts
    .filter((part) => part !== '')
    .map((part) => `<div class="output">${part}</div>`)
    .join('\n');
}

function bundleHtml(data: Readonly<Record<string, unknown>>, markdown: MarkdownRenderer, figures: PageFigure[]): string {
  const spec = data[plotlyMime] as Partial<PageFigure> | undefined;
  const picture = pictureHtml(data);
  if (spec && Array.isArray(spec.data)) {
    const layout = (spec.layout ?? {}) as { height?: unknown };
    figures.push({ data: spec.data, layout });
    // The picture stands there until the figure is drawn, and for good where scripts are off.
    const height = Number(layout.height) || 420;
    return `<div class="figure" data-figure="${figures.length - 1}" style="min-height:${height}px">${picture}</div>`;
  }
  if (data['text/html'] !== undefined) return sanitize(joined(data['text/html']));
  if (data['text/markdown'] !== undefined) return markdown.render({ cell_type: 'markdown', source: joined(data['text/markdown']) });
  if (picture !== '') return picture;
  const text = joined(data['text/plain']) || joined(data['text/latex']);
  const widget = data['application/vnd.jupyter.widget-view+json'] !== undefined;
  if (widget) return `<p class="note">[control: works in the notebook only] ${escapeHtml(text)}</p>`;
  if (text !== '') return `<pre class="value">${ansiToHtml(text)}</pre>`;
  const json = data['application/json'];
  return json === undefined ? '' : `<pre class="value">${escapeHtml(JSON.stringify(json, null, 2))}</pre>`;
}

function pictureHtml(data: Readonly<Record<string, unknown>>): string {
  const type = imageTypes.find((name) => data[name] !== undefined);
  if (!type) return '';
  const content = joined(data[type]);
  // An SVG is shown as a picture, not as part of the page: it then can run and load nothing.
  const base64 = type === 'image/svg+xml' ? Buffer.from(content, 'utf8').toString('base64') : content.replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/=]*$/.test(base64)) return '';
  return `<img src="data:${type};base64,${base64}" alt="${escapeHtml(joined(data['text/plain']).slice(0, 200) || 'picture')}">`;
}
