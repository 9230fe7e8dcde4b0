import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type { Content, Message } from 'roentgen-lab/kernel-client';
import { createWire } from '../../kernels/launcher/wire';
import { session } from './session';

const kernel = session();
const ask = (type: string, content: Content): Promise<Content> => kernel.kernel.request('shell', type, content);

test('a message survives the wire, buffers included; a changed one is refused', () => {
  const wire = createWire('secret', 'someone');
  const frames = wire
    .encode(wire.header('comm_msg'), { data: { text: 'é 🫁' } }, { ids: ['a'], metadata: { m: 1 }, buffers: [Uint8Array.of(1, 2, 3)] })
    .map((frame) => Buffer.from(frame as string));
  const message = wire.decode(frames);
  assert.equal(message.header.msg_type, 'comm_msg');
  assert.deepEqual([message.content, message.metadata, message.buffers], [{ data: { text: 'é 🫁' } }, { m: 1 }, [Buffer.of(1, 2, 3)]]);
  assert.deepEqual(message.ids.map(String), ['a']);
  frames[6] = Buffer.from('{"data":{"text":"changed"}}');
  assert.throws(() => wire.decode(frames), /signature is wrong/);
  assert.throws(() => wire.decode([Buffer.from('x')]), /wire: expected/);
  assert.throws(() => createWire('other', 'someone').decode(frames), /signature is wrong/);
});

test('completion knows variables, members and the package; positions are code points', async () => {
  await kernel.run('const thorax = { heart: 1, lungs: 2 };');
  const members = await ask('complete_request', { code: '"🫁🫁"; thorax.lu', cursor_pos: 15 });
  assert.deepEqual([members.matches, members.cursor_start, members.cursor_end], [['lungs'], 13, 15]);
  assert.equal(members.metadata._jupyter_types_experimental[0].type, 'property');
  const code = "import { startEngine } from 'roentgen-lab/engine';\nstartEng";
  assert.deepEqual((await ask('complete_request', { code, cursor_pos: code.length })).matches, ['startEngine']);
});

test('documentation of a public name shows with its signature', async () => {
  const code = "import { startEngine } from 'roentgen-lab/engine';\nawait startEngine(";
  for (const cursor_pos of [code.length - 3, code.length - 1, code.length]) {
    const { found, data } = await ask('inspect_request', { code, cursor_pos, detail_level: 0 });
    assert.ok(found, `at ${cursor_pos}`);
    assert.match(data['text/plain'], /startEngine\(.*\): Promise<.*>/s);
    assert.match(data['text/markdown'], /^```typescript\n.*startEngine/s);
    assert.ok(data['text/markdown'].split('```')[2].trim().length > 20, 'a sentence follows the signature');
  }
  await kernel.run('const whatever: any = 5;');
  for (const [code, found] of Object.entries({
    '  ': false,
    nowhere: false,
    'nowhere(': false,
    'thorax.nowhere': false,
    whatever: true,
    undefined: true,
  })) {
    assert.equal((await ask('inspect_request', { code, cursor_pos: code.length, detail_level: 0 })).found, found, code);
  }
});

test('complete, incomplete and invalid cells are told apart', async () => {
  const cases: Record<string, readonly string[]> = {
    complete: ['1', 'const a = 2', 'function f(){ return 1 }', 'await f()', 'const o = <T>(x: T) => x', '// words', ''],
    incomplete: [
      'function f() {',
      'const a = [1,',
      'if (true) {',
      'const s = `text',
      'const s = `a ${',
      'f(',
      '/* words',
      "'abc\\\n",
      'a +',
    ],
    invalid: ['const = 3', 'let 1x', "'abc", '"abc', 'f("abc', "const s = 'abc\n", 'const r = /abc', '%time x', "'one\nf('two')"],
  };
  for (const [status, codes] of Object.entries(cases)) {
    for (const code of codes) assert.equal((await ask('is_complete_request', { code })).status, status, code);
  }
  assert.equal((await ask('is_complete_request', { code: 'if (true) {' })).indent, '  ');
});

test('history answers by tail, range and pattern', async () => {
  await kernel.run('6 * 7');
  await kernel.run('6 * 9');
  const tail = await ask('history_request', { hist_access_type: 'tail', n: 2, output: true });
  assert.deepEqual(
    tail.history.map((entry: unknown[]) => entry[2]),
    [
      ['6 * 7', '42'],
      ['6 * 9', '54'],
    ],
  );
  const found = await ask('history_request', { hist_access_type: 'search', pattern: '6 ? 7', output: false });
  assert.deepEqual(
    found.history.map((entry: unknown[]) => entry[2]),
    ['6 * 7'],
  );
  const [[, line]] = found.history;
  assert.equal((await ask('history_request', { hist_access_type: 'range', start: line, stop: line + 1 })).history.length, 1);
});

test('comms: the front end opens one, both sides talk with buffers, each message gets its idle at once', async () => {
  await kernel.run(`
    const comms = (globalThis as any)[Symbol.for('roentgen.comms')];
    comms.register('echo', (comm: any, message: any) => {
      comm.send({ opened: message.data });
      comm.onMessage = async ({ data, buffers }: any) => {
        await new Promise((r) => setTimeout(r, 300));
        comm.send({ echo: data }, {}, buffers);
      };
      comm.onClose = () => { (globalThis as any).commClosed = true; };
    });`);
  const id = randomUUID();
  const heard: Message[] = [];
  let arrived: (() => void) | undefined;
  const stop = kernel.kernel.listen((message) => {
    heard.push(message);
    if (message.header.msg_type === 'comm_msg') arrived?.();
  });
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      arrived = resolve;
    });
  let waiting = next();
  kernel.kernel.send('comm_open', { comm_id: id, target_name: 'echo', data: { a: 1 } });
  await waiting;
  assert.deepEqual((await ask('comm_info_request', { target_name: 'echo' })).comms, { [id]: { target_name: 'echo' } });
  waiting = next();
  const sent = kernel.kernel.send('comm_msg', { comm_id: id, data: { b: 2 } }, [Uint8Array.of(7, 8)]);
  await waiting;
  const kinds = heard
    .filter(({ parent }) => parent.msg_id === sent)
    .map(({ header, content }) => content.execution_state ?? header.msg_type);
  assert.deepEqual(kinds, ['busy', 'idle']); // the answer comes in the name of what opened the comm
  const echo = heard.at(-1)!;
  assert.deepEqual([echo.content.data, echo.buffers], [{ echo: { b: 2 } }, [Buffer.of(7, 8)]]);
  kernel.kernel.send('comm_close', { comm_id: id, data: {} });
  assert.equal((await kernel.run('(globalThis as any).commClosed')).value, 'true');
  assert.deepEqual((await ask('comm_info_request', {})).comms, {});
  kernel.kernel.send('comm_open', { comm_id: 'nobody', target_name: 'unknown', data: {} });
  await kernel.run('1');
  assert.ok(heard.some(({ header, content }) => header.msg_type === 'comm_close' && content.comm_id === 'nobody'));
  stop();
});

test("a cell's comm messages carry the cell, and comms are answered while a cell waits", async () => {
  const shown = await kernel.run(
    "const own = comms.open('jupyter.widget', { state: {} }, { version: '2.1.0' }); own.send({ method: 'update' }); own.id",
  );
  assert.deepEqual(
    shown.messages.filter(({ header }) => header.msg_type.startsWith('comm_')).map(({ header }) => header.msg_type),
    ['comm_open', 'comm_msg'],
  );
  const states: string[] = [];
  const stop = kernel.kernel.listen(({ header, content }) => {
    if (header.msg_type === 'status') states.push(content.execution_state);
  });
  const running = kernel.run(
    "own.onMessage = ({ data }: any) => { (globalThis as any).value = data.value; };\nconsole.log('ready');\nwhile ((globalThis as any).value !== 5) await new Promise((r) => setTimeout(r, 10));",
    {
      onMessage({ header }) {
        if (header.msg_type === 'stream') kernel.kernel.send('comm_msg', { comm_id: shown.value!.replaceAll("'", ''), data: { value: 5 } });
      },
    },
  );
  assert.equal((await running).reply.status, 'ok');
  stop();
  assert.deepEqual(states, ['busy', 'busy', 'idle', 'busy', 'idle'], 'the cell is shown as busy again after the message');
});

test('requests that it does not know are not answered, and do no harm', async () => {
  kernel.kernel.send('no_such_request', {});
  assert.equal((await ask('kernel_info_request', {})).language_info.name, 'typescript');
});
