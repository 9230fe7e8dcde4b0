import type { JSDOM } from 'jsdom';

/** Elements that run, load or send something, or would change the page around them. */
const forbidden = 'script, iframe, frame, object, embed, applet, link, meta, base, form, portal, template, audio, video, source, track';
const addresses = [
  'src',
  'href',
  'xlink:href',
  'srcset',
  'action',
  'formaction',
  'background',
  'poster',
  'data',
  'ping',
  'cite',
  'longdesc',
];
const harmless = /^\s*(?:#|data:image\/(?:png|jpeg|gif|webp);)/i;

let parser: { document: Document } | undefined;

/**
 * HTML of a cell's output without anything that runs or loads: scripts, frames, event handlers, addresses other than pictures in the text
 * itself. The page's security policy forbids them too; here they go, so that no browser need be trusted.
 */
export function sanitize(html: string): string {
  if (!parser) {
    const { JSDOM: Dom } = require('jsdom') as { JSDOM: typeof JSDOM };
    parser = new Dom('<!DOCTYPE html>').window;
  }
  const holder = parser.document.createElement('div');
  holder.innerHTML = html;
  for (const element of Array.from(holder.querySelectorAll(forbidden))) element.remove();
  for (const element of Array.from(holder.querySelectorAll('*'))) {
    for (const { name, value } of Array.from(element.attributes)) {
      const key = name.toLowerCase();
      if (key.startsWith('on') || (addresses.includes(key) && !harmless.test(value)) || (key === 'style' && loads(value))) {
        element.removeAttribute(name);
      }
    }
    if (element.localName === 'style' && loads(element.textContent ?? '')) element.remove();
  }
  return holder.innerHTML;
}

/** Whether a style refers to something outside; escapes could spell that out of sight. */
function loads(css: string): boolean {
  return /@import|\\|url\(\s*['"]?(?!data:image\/|#)/i.test(css);
}
