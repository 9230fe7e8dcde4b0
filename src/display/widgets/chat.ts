/** Questions to something that answers word by word: pictures on the left, what was said on the right. */
import { escapeHtml } from '../escape';
import { notForDiagnosis } from '../palette';
import type { Picture } from '../pixels';
import { column, row } from './boxes';
import { button } from './button';
import { text } from './controls';
import { newest } from './newest';
import { html, image } from './shown';
import { nodeSymbol, type Widget, widget } from './widget';

/** A question and what was answered. */
export interface ChatTurn {
  readonly question: string;
  readonly answer: string;
  /** Whether it was stopped before its end. */
  readonly stopped: boolean;
}

/** A dialogue, which goes on as long as a person asks. */
export interface Chat extends Widget {
  readonly turns: readonly ChatTurn[];
  /** Asks as a person does; settles when the answer has ended. */
  ask(question: string): Promise<void>;
}

export interface ChatOptions {
  /** What is asked about. */
  readonly pictures: readonly Picture[];
  /** The answer so far, again and again; it ends early where the signal is raised. */
  readonly answer: (question: string, signal: AbortSignal) => AsyncIterable<string>;
  /** Questions to begin with, a button each. */
  readonly questions?: readonly string[];
  /** A picture's side on the screen, pixels; default 256. */
  readonly size?: number;
}

/**
 * A dialogue about pictures: words appear as they are made, a button stops them, a new question takes the place of an answer that still comes. What is said is shown
 * as text, whatever it holds. A notebook that runs by itself goes on; its saved page has the pictures and what was said.
 *
 * @throws RangeError where there is no picture
 * @example chat({ pictures: [picture], questions: ['Is there edema?'], answer: (question, signal) => answerAsWritten(model, { ...asked, question, signal }) })
 */
export function chat({ pictures, answer, questions = [], size = 256 }: ChatOptions): Chat {
  if (pictures.length === 0) throw new RangeError('chat: expected a picture to ask about');
  const turns: ChatTurn[] = [];
  const said = html();
  const field = text({ placeholder: 'Ask about the picture', onSubmit: (question) => ask(question) });
  const send = button({ label: 'Ask', main: true, onClick: () => ask(field.value) });
  const stop = button({ label: 'Stop', onClick: () => stopping?.abort() });
  stop.disabled = true;
  let stopping: AbortController | undefined;

  const show = (now?: { readonly question: string; readonly answer: string }): void => {
    said.value = [...turns, ...(now ? [{ ...now, stopped: false, isWriting: true }] : [])].map(turnHtml).join('');
  };
  const job = newest<string>(async (question, superseded) => {
    const own = new AbortController();
    stopping = own;
    const signal = AbortSignal.any([own.signal, superseded]);
    let last = '';
    stop.disabled = false;
    field.value = '';
    show({ question, answer: '' });
    try {
      for await (const soFar of answer(question, signal)) {
        last = soFar;
        show({ question, answer: last });
        if (signal.aborted) break;
      }
    } catch (error) {
      if (!signal.aborted) {
        show();
        throw error;
      }
    } finally {
      if (stopping === own) stop.disabled = true;
    }
    turns.push({ question, answer: last, stopped: signal.aborted });
    show();
  });
  const ask = async (given: string): Promise<void> => {
    const question = given.trim();
    if (question !== '') await job(question);
  };
  const begin = questions.map((question) => button({ label: question, onClick: () => ask(question) }));

  const frames = pictures.map((picture) => {
    const frame = image({ size });
    frame.picture = picture;
    return frame;
  });
  const words = column(
    [...(begin.length > 0 ? [row(begin)] : []), said, field, row([send, stop]), `answers of a network, ${notForDiagnosis}`],
    { width: 560 },
  );
  const live = row([column(frames), words]);
  const node = {
    model: live[nodeSymbol].model,
    html: () =>
      `<div style="display:flex;gap:12px;flex-wrap:wrap">${frames.map((frame) => frame[nodeSymbol].html()).join('')}<div>${turns.map(turnHtml).join('')}</div></div>`,
    text: () => turns.map(({ question, answer: words }) => `> ${question}\n${words}`).join('\n') || '[a dialogue about pictures]',
  };
  return widget(node, { turns, ask });
}

const turnHtml = ({ question, answer, stopped, isWriting }: ChatTurn & { readonly isWriting?: boolean }): string => {
  const end = isWriting ? ' …' : stopped ? ' <i>(stopped)</i>' : '';
  return `<div class="rg-asked"><b>${escapeHtml(question)}</b></div><div class="rg-answered">${escapeHtml(answer)}${end}</div>`;
};
