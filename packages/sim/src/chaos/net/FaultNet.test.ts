import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { Rule } from './Effect.js';
import { FaultNet } from './FaultNet.js';

/** A place that says each thing back, with its name before it. */
async function place(): Promise<{ readonly port: number; readonly sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).on('data', (bytes) => socket.write(`<${bytes}>`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, sockets };
}

class Dialler {
  readonly socket: Socket;
  text = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').on('error', () => undefined);
    this.socket.setEncoding('utf8').on('data', (part: string) => {
      this.text += part;
      this.socket.emit('heard');
    });
    onTestFinished(() => void this.socket.destroy());
  }

  say(text: string): void {
    this.socket.write(text);
  }

  async hears(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) await once(this.socket, 'heard');
  }

  get gone(): Promise<unknown> {
    return closed(this.socket);
  }
}

/** Resolves when it is, also by a reset. */
const closed = (socket: Socket): Promise<unknown> =>
  socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve));

async function made() {
  const { port, sockets } = await place();
  const net = new FaultNet(() => 0.5);
  onTestFinished(() => net.close());
  const way = await net.open('db', port, ['node-1', 'node-2']);
  const dial = async (name: string): Promise<Dialler> => {
    const dialler = new Dialler(way);
    dialler.say(name);
    await dialler.hears(`<${name}>`);
    return dialler;
  };
  const between = (name: string, rest: Partial<Rule>): Rule => ({
    between: [name, 'db'],
    direction: 'both',
    effect: { type: 'hold' },
    ...rest,
  });
  return { net, way, dial, between, sockets };
}

it('[CLU-80] holds what two places say to each other, by their names, and brings it late and in order', async () => {
  const { net, dial, between } = await made();
  const [one, two] = [await dial('node-1'), await dial('node-2')];
  const lift = net.lay(between('node-1', {}));
  one.say('a');
  one.say('b');
  two.say('c');
  await two.hears('<c>');
  while (!net.keeps('node-1', 'db', 'b')) await new Promise(setImmediate);
  expect(one.text).toBe('<node-1>');
  lift();
  await one.hears('b');
  expect(one.text.replace(/[<>]/g, '')).toBe('node-1ab');
  expect(net.keptBytes('node-1', 'db')).toBe(0);
});

it('[CLU-80] holds one direction alone', async () => {
  const { net, dial, between } = await made();
  const one = await dial('node-1');
  const lift = net.lay(between('node-1', { between: ['db', 'node-1'], direction: 'there' }));
  one.say('a');
  while (net.keptBytes('db', 'node-1') === 0) await new Promise(setImmediate);
  expect([net.keptBytes('node-1', 'db'), one.text]).toEqual([0, '<node-1>']);
  lift();
  await one.hears('<a>');
});

it('[CLU-80] cuts connections of a pair, and new ones as soon as they say whose they are', async () => {
  const { net, way, dial, between } = await made();
  const [one, two] = [await dial('node-1'), await dial('node-2')];
  const lift = net.lay(between('node-1', { effect: { type: 'cut' } }));
  await one.gone;
  const again = new Dialler(way);
  again.say('this is node-1, not node-2');
  await again.gone;
  two.say('on');
  await two.hears('<on>');
  lift();
  await dial('node-1');
  expect(net.count('node-1', 'db')).toBe(1);
});

it('[CLU-80] halves a connection: one end believes in it until the way is open again', async () => {
  const { net, dial, between, sockets } = await made();
  const one = await dial('node-1');
  const lift = net.lay(between('node-1', { effect: { type: 'half' } }));
  const [there] = sockets;
  if (there !== undefined) await closed(there);
  one.say('anybody?');
  await dial('node-2');
  expect(one.socket.closed).toBe(false);
  lift();
  await one.gone;
});

it('[CLU-80] slows down and throttles, and takes a share of the connections only', async () => {
  const { net, dial, between } = await made();
  const one = await dial('node-1');
  const lifts = [
    net.lay(between('node-1', { effect: { type: 'slow', delayMs: 20, jitterMs: 10 } })),
    net.lay(between('node-1', { effect: { type: 'trickle', bytesPerSecond: 100 } })),
    // Each of them draws a half.
    net.lay(between('node-1', { effect: { type: 'cut' }, share: 0.4 })),
  ];
  const began = performance.now();
  one.say('x'.repeat(30));
  while ((one.text.match(/x/g) ?? []).length < 30) await once(one.socket, 'heard');
  expect(performance.now() - began).toBeGreaterThan(300);
  expect(one.text.replace(/[<>]/g, '')).toBe(`node-1${'x'.repeat(30)}`);
  for (const lift of lifts) lift();
});

it('[CLU-80] ends with a reset what it has touched, where that is asked for', async () => {
  const { net, dial, between } = await made();
  const [one, two] = [await dial('node-1'), await dial('node-2')];
  const lift = net.lay(between('node-1', { endsReset: true }));
  lift();
  await one.gone;
  expect(two.socket.closed).toBe(false);
});
