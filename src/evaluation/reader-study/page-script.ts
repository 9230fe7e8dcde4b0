/** The page's script. Written for browsers: it is sent as text. Whatever comes from the study is put in as text, never as markup. */

export const pageScript: string = `'use strict';
(async () => {
  const at = (id) => document.getElementById(id);
  const make = (name, text) => Object.assign(document.createElement(name), text === undefined ? {} : { textContent: text });
  const views = ['intro', 'item', 'done', 'over'];
  let study, place = 0, busy = false, shown = 0, ready = false, larger = 0, begun = '';

  const problem = (text) => { at('problem').textContent = text; at('problem').hidden = text === ''; };
  const say = (text) => { at('status').textContent = text; };
  const rated = () => study.items.filter((item) => item.choice !== null).length;
  const view = (name) => { for (const each of views) at(each).hidden = each !== name; };

  async function ask(path, body) {
    const response = await fetch(path, body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      .catch(() => { throw new Error('The program behind this page does not answer. Start the command again and open the address that it prints; what was rated is kept.'); });
    const content = await response.json();
    if (!response.ok) throw new Error(content.error);
    return content;
  }

  function head() {
    const done = rated();
    at('count').textContent = (place < study.items.length ? 'Item ' + (place + 1) + ' · ' : '') + done + ' of ' + study.items.length + ' rated';
    at('progress').max = study.items.length;
    at('progress').value = done;
  }

  function intro(part) {
    const i = study.parts.indexOf(part);
    at('intro-part').textContent = study.parts.length > 1 ? 'Part ' + (i + 1) + ' of ' + study.parts.length : '';
    at('intro-title').textContent = part.title;
    at('intro-text').textContent = part.instruction;
    at('intro-anchors').replaceChildren(...part.anchors.map((anchor, i) => {
      const line = make('li');
      line.append(make('kbd', i + 1), make('span', anchor));
      return line;
    }));
    view('intro');
    at('begin').focus();
  }

  // The largest whole multiple of the screen's own pixels that fits, and what the reader has changed of it.
  function fit() {
    const images = [...at('stage').querySelectorAll('img')].filter((image) => image.naturalWidth > 0);
    if (images.length === 0) return;
    const several = at('stage').querySelector('.images');
    const box = (several ?? at('stage')).getBoundingClientRect();
    const dots = window.devicePixelRatio || 1;
    const texts = !several && at('stage').querySelector('blockquote');
    const beside = several ? 1 : texts && !matchMedia('(max-width: 760px)').matches ? 2 : images.length;
    const { naturalWidth: width, naturalHeight: height } = images[0];
    const stacked = several ? images.length : 1;
    const room = Math.min((box.width - 48 - 28 * (beside - 1)) / beside / width, (box.height - 64 * stacked) / stacked / height);
    const best = Math.floor(room * dots);
    const times = best + larger >= 1 ? best + larger : Math.min(1, room * dots); // what is larger than its room is made smaller
    larger = times >= 1 ? times - best : 0;
    for (const image of images) { image.style.imageRendering = times < 1 ? 'auto' : ''; image.style.width = (width * times) / dots + 'px'; image.style.height = (height * times) / dots + 'px'; }
    at('zoom').textContent = width + ' × ' + height + ' pixels, ' + Number(times.toFixed(2)) + ' times';
  }

  // Images in a column, texts beside them under their titles.
  function reports(figures, texts) {
    const [images, all] = [make('div'), make('div')];
    images.className = 'images';
    images.append(...figures);
    all.className = 'texts';
    all.append(...texts.map(({ title, text }) => {
      const section = make('section');
      section.append(make('h3', title), make('blockquote', text));
      return section;
    }));
    return [images, all];
  }

  async function show(to) {
    place = Math.max(0, Math.min(study.items.length, to));
    head();
    if (place === study.items.length) {
      const left = study.items.length - rated();
      if (left > 0) return show(study.items.findIndex((item) => item.choice === null));
      at('done-text').textContent = 'All ' + study.items.length + ' items are rated, and all ratings are saved.';
      view('done');
      say('All items are rated.');
      at('end').focus();
      return;
    }
    const item = study.items[place];
    const part = study.parts.find(({ scale }) => scale === item.scale);
    at('title').textContent = part.title;
    if (begun !== part.scale && item.choice === null) { ready = false; return intro(part); }
    begun = part.scale;
    ready = false;
    const names = item.images.length < 2 ? ['Image'] : item.texts ? ['First', 'Second'] : ['Left', 'Right'];
    const figures = item.images.map((name, i) => {
      const figure = make('figure');
      const image = make('img');
      image.alt = names[i] + (names.length === 2 ? ' image' : '') + ' of item ' + (place + 1);
      image.src = 'images/' + name + '.png';
      figure.append(image);
      if (names.length === 2) figure.append(make('figcaption', names[i]));
      return figure;
    });
    at('stage').classList.toggle('text', item.text !== undefined);
    at('stage').classList.toggle('reports', item.texts !== undefined);
    at('stage').replaceChildren(...(item.texts ? reports(figures, item.texts) : figures), ...(item.text === undefined ? [] : [make('blockquote', item.text)]));
    const question = item.question ?? part.question;
    at('question').textContent = question;
    at('answers').replaceChildren(...part.anchors.map((anchor, i) => {
      const button = make('button');
      button.type = 'button';
      button.setAttribute('aria-pressed', String(item.choice === i + 1));
      button.setAttribute('aria-keyshortcuts', i + 1);
      button.append(make('kbd', i + 1), make('span', anchor));
      button.addEventListener('click', () => rate(i + 1));
      return button;
    }));
    view('item');
    const here = place;
    try {
      await Promise.all([...at('stage').querySelectorAll('img')].map((image) => image.decode()));
    } catch {
      if (here === place) problem('An image could not be loaded. Press → and ← to try again.');
      return;
    }
    if (here !== place) return;
    problem('');
    fit();
    ready = true;
    shown = performance.now();
    say('Item ' + (place + 1) + ' of ' + study.items.length + '. ' + question + (item.text === undefined ? '' : ' ' + item.text));
    for (const name of study.items[place + 1]?.images ?? []) new Image().src = 'images/' + name + '.png';
  }

  async function save(item, choice) {
    busy = true;
    try {
      const seconds = choice === null ? 0 : Math.min(86400, (performance.now() - shown) / 1000);
      await ask('ratings', { item: item.id, choice, seconds });
      item.choice = choice;
      study.order = study.order.filter((id) => id !== item.id);
      if (choice !== null) study.order.push(item.id);
      problem('');
      return true;
    } catch (error) {
      problem('Not saved. ' + error.message);
      return false;
    } finally {
      busy = false;
    }
  }

  async function rate(choice) {
    if (busy || !ready || at('item').hidden) return;
    const item = study.items[place];
    const buttons = [...at('answers').children];
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(i + 1 === choice)));
    if (await save(item, choice)) await show(place + 1);
    else buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(i + 1 === item.choice)));
  }

  async function takeBack() {
    const id = study.order.at(-1);
    if (busy || id === undefined || !at('over').hidden) return;
    const item = study.items.find((each) => each.id === id);
    if (!(await save(item, null))) return;
    begun = item.scale;
    await show(study.items.indexOf(item));
    say('The last rating is taken back. Item ' + (place + 1) + '.');
  }

  const begin = () => { begun = study.items[place].scale; return show(place); };
  async function end() {
    try { await ask('end', {}); } catch (error) { return problem(error.message); }
    view('over');
  }

  at('begin').addEventListener('click', begin);
  at('end').addEventListener('click', end);
  addEventListener('resize', fit);
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !study || !at('over').hidden) return;
    const { key } = event;
    const zoom = (by) => { larger += by; fit(); };
    if (/^[1-5]$/.test(key) && !event.repeat) rate(Number(key));
    else if (key === 'ArrowLeft') { if (place > 0) { begun = study.items[place - 1].scale; show(place - 1); } }
    else if (key === 'ArrowRight') { if (at('item').hidden ? false : study.items[place].choice !== null) show(place + 1); else if (!at('item').hidden && !ready) show(place); }
    else if ((key === 'u' || key === 'U' || key === 'Backspace') && !event.repeat) takeBack();
    else if (key === '+' || key === '=') zoom(1);
    else if (key === '-') zoom(-1);
    else if (key === 's' || key === 'S') at('stage').classList.toggle('smooth');
    else return;
    event.preventDefault();
  });

  try {
    study = await ask('study');
    at('reader').textContent = study.reader;
    if (study.statement) for (const each of document.querySelectorAll('.statement')) each.textContent = study.statement;
    const next = study.items.findIndex((item) => item.choice === null);
    await show(next < 0 ? study.items.length : next);
  } catch (error) {
    problem(error.message);
  }
})();
`;
