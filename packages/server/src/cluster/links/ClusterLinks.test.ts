import { once } from 'node:events';
import { CLOSE_CODE, LIMITS, packPlain, serialize } from '@topgun/protocol';
import { pino } from 'pino';
import * as selfsigned from 'selfsigned';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../../storage/postgres/testing/testDatabases.js';
import { Greeting } from './Greeting.js';
import { type LinkedNode, LinkedNodes, SECRET } from './testing/LinkedNodes.js';

const nodes = new LinkedNodes();
afterEach(() => nodes.stop());

const linked = (...some: LinkedNode[]): Promise<void> =>
  until(() => some.every(({ links }) => links.up.size === some.length - 1));
const started = async (...names: string[]): Promise<LinkedNode[]> => {
  const some: LinkedNode[] = [];
  for (const name of names) some.push(await nodes.start(name));
  nodes.introduce(...some);
  await linked(...some);
  return some;
};

describe('ClusterLinks', () => {
  it('[CLU-40] of three nodes each has one link to each other', async () => {
    const [a, b, c] = (await started('a', 'b', 'c')) as [LinkedNode, LinkedNode, LinkedNode];
    expect([...a.links.up].sort()).toEqual(['b', 'c']);
    expect([...c.links.up].sort()).toEqual(['a', 'b']);
    expect(b.changes.toSorted()).toEqual(['+a', '+c']);
    expect(a.links.isWhole).toBe(true);
    // One connection for each pair.
    expect(a.way.size + b.way.size + c.way.size).toBe(3);
  });

  it('[CLU-40] [CLU-41] what is sent comes whole, on its channel, in order, to one or to all', async () => {
    const [a, b, c] = (await started('a', 'b', 'c')) as [LinkedNode, LinkedNode, LinkedNode];
    for (const node of [a, b, c]) for (const channel of ['feed', 'ops'] as const) node.hear(channel);
    const message = {
      list: [1, -1, 2 ** 53 - 1, 0.5, null, undefined, 'ä€😀', true],
      bytes: new Uint8Array([1, 2]),
      big: 2n ** 60n,
      none: undefined,
    };
    expect(a.links.send('b', 'ops', message)).toBe(true);
    expect(a.links.send('nobody', 'ops', message)).toBe(false);
    for (let i = 0; i < 500; i++) a.links.broadcast('feed', i);
    c.links.send('b', 'feed', 'x'.repeat(3_000_000));
    await until(() => b.heard.length === 502 && c.heard.length === 500);
    expect(b.heard.find(([, channel]) => channel === 'ops')).toStrictEqual(['a', 'ops', message]);
    const fromA = b.heard.filter(([from, channel]) => from === 'a' && channel === 'feed');
    expect(fromA.map(([, , body]) => body)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(b.links.figures().received).toMatchObject({ feed: 501, ops: 1 });
    expect(a.links.figures().sent).toMatchObject({ feed: 1_000, ops: 1 });
  });

  it('[CLU-40] both dial at once, again and again: one link stays, and both agree on it', async () => {
    for (let round = 0; round < 20; round++) {
      let aheadMs = 0;
      const a = await nodes.start('a');
      const b = await nodes.start('b', { monoMs: () => performance.now() + aheadMs });
      a.hear('ops');
      b.hear('ops');
      nodes.introduce(a, b);
      // The moment that the later name waits is over before the other one has come through: dialled from both sides within this turn.
      aheadMs = LIMITS.linkYieldMs;
      b.links.look();
      await until(() => a.links.figures().ended.replaced + b.way.size > 0);
      await linked(a, b);
      await until(() => a.way.size + b.way.size === 1);
      expect(a.links.send('b', 'ops', round)).toBe(true);
      expect(b.links.send('a', 'ops', round)).toBe(true);
      await until(() => a.heard.length === 1 && b.heard.length === 1);
      await nodes.stop();
    }
  });

  it('[CLU-41] a link that is cut comes back by itself, and both sides are told', async () => {
    const [a, b] = (await started('a', 'b')) as [LinkedNode, LinkedNode];
    a.hear('ops');
    for (let round = 1; round <= 3; round++) {
      a.way.cut();
      b.way.cut();
      await until(() => [a, b].every(({ changes }) => changes.length === 1 + 2 * round));
    }
    expect(a.changes).toEqual(['+b', '-b', '+b', '-b', '+b', '-b', '+b']);
    expect(b.links.send('a', 'ops', 1)).toBe(true);
    await until(() => a.heard.length === 1);
  });

  it('[CLU-41] silence ends a link on both sides, though the connection stands', async () => {
    const [a, b] = (await started('a', 'b')) as [LinkedNode, LinkedNode];
    for (const { way } of [a, b]) way.silence();
    await until(() => a.links.up.size + b.links.up.size === 0);
    expect(a.links.figures().ended.silence + b.links.figures().ended.silence).toBe(2);
    for (const { way } of [a, b]) way.heal();
    await linked(a, b);
  });

  it('[CLU-41] a link that does not take what it is sent is cut, and told so after the turn', async () => {
    const [a, b] = (await started('a', 'b')) as [LinkedNode, LinkedNode];
    for (const { way } of [a, b]) way.silence();
    const piece = new Uint8Array(LIMITS.linkQueueBytes / 8);
    let taken = 0;
    while (a.links.send('b', 'feed', piece)) taken++;
    expect(taken).toBeGreaterThanOrEqual(7);
    expect(a.changes).toEqual(['+b']);
    await until(() => a.changes.length === 2);
    expect(a.links.figures().ended.queue).toBe(1);
  });

  it('[CLU-41] what a reader cannot take in ends the link', async () => {
    const [a, b] = (await started('a', 'b')) as [LinkedNode, LinkedNode];
    b.links.read('ops', () => {
      throw new Error('not this');
    });
    a.links.send('b', 'ops', 1);
    await until(() => b.links.figures().ended.reader === 1 && a.changes.includes('-b'));
    await linked(a, b);
  });

  it('[CLU-40] over TLS the certificate is checked, and a good one carries links', async () => {
    const made = await selfsigned.generate([{ name: 'commonName', value: '127.0.0.1' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    const certificate = { cert: made.cert, key: made.private };
    const parts = { certificate, tls: { ca: made.cert } };
    const a = await nodes.start('a', parts);
    const b = await nodes.start('b', parts);
    const eve = await nodes.start('eve', { certificate });
    a.hear('feed');
    nodes.introduce(a, b);
    eve.links.setNodes([a.info]);
    await linked(a, b);
    b.links.broadcast('feed', 'x'.repeat(1_000_000));
    await until(() => a.heard.length === 1);
    await until(() => eve.links.figures().unreached > 0);
    expect(eve.links.up.size).toBe(0);
  });

  it('[CLU-40] who does not know the secret is refused, counted, and logged once', async () => {
    const lines: unknown[] = [];
    const log = { write: (line: string) => lines.push((JSON.parse(line) as { readonly why?: string }).why) };
    const a = await nodes.start('a', { logger: pino({}, log) });
    const eve = await nodes.start('eve', { secret: 'something else of the same length as that one' });
    nodes.introduce(a, eve);
    await until(() => a.links.figures().refused.secret >= 3);
    expect(a.links.up.size + eve.links.up.size).toBe(0);
    expect(eve.links.figures().refused.secret).toBeGreaterThan(1);
    // Of who came, and of whom it dialled.
    expect(lines.filter((why) => why === 'secret').length).toBeLessThanOrEqual(2);
  });

  it('[CLU-40] nodes of versions that have nothing in common do not link, neighbours do', async () => {
    const a = await nodes.start('a', { versions: [4, 5] });
    const b = await nodes.start('b', { versions: [3, 4] });
    const c = await nodes.start('c', { versions: [2, 3] });
    nodes.introduce(a, b, c);
    await until(() => b.links.up.size === 2);
    await until(() => a.links.figures().refused.version > 0);
    expect([...a.links.up]).toEqual(['b']);
  });

  it('[CLU-41] a node that starts again takes the place of the one before', async () => {
    const [a, b] = (await started('a', 'b')) as [LinkedNode, LinkedNode];
    for (const { way } of [a, b]) way.silence();
    const again = await nodes.start('b');
    nodes.introduce(a, again);
    a.way.heal();
    // The old link is still up at a: nobody has told it that b is gone.
    await until(() => again.links.up.has('a'));
    again.hear('ops');
    await until(() => a.links.send('b', 'ops', 'to the new one') && again.heard.length > 0);
  });

  describe('strangers', () => {
    const visit = async (node: LinkedNode, path = '/cluster'): Promise<WebSocket> => {
      const socket = new WebSocket(`ws://127.0.0.1:${node.port}${path}`);
      socket.on('error', () => undefined);
      await new Promise((resolve) => {
        socket.once('message', resolve);
        socket.once('close', resolve);
      });
      return socket;
    };
    const closeOf = async (socket: WebSocket): Promise<number> => (await once(socket, 'close'))[0];

    it('[CLU-40] get no further than the first frame', async () => {
      const a = await nodes.start('a');
      const say = async (frame: Uint8Array | string): Promise<number> => {
        const socket = await visit(a);
        socket.send(frame);
        // Nothing behind it is read.
        socket.send(packPlain([0, 'feed']));
        return closeOf(socket);
      };
      expect(await say(serialize(['answer', 'x']))).toBe(CLOSE_CODE.BAD_FRAME);
      expect(await say('text')).toBe(CLOSE_CODE.BAD_FRAME);
      expect(await say(new Uint8Array(LIMITS.linkAuthBytes + 1))).toBe(CLOSE_CODE.BAD_FRAME);
      expect(await say(new Uint8Array(LIMITS.bytesPreAuth + 1))).toBeGreaterThan(1000);
      expect(a.links.figures().refused.malformed).toBe(4);
      expect(a.links.up.size).toBe(0);
    });

    it('[CLU-40] are let go when they say nothing', async () => {
      let nowMs = 0;
      const a = await nodes.start('a', { monoMs: () => nowMs });
      const socket = await visit(a);
      nowMs = LIMITS.linkAuthMs + 1;
      expect(await closeOf(socket)).toBe(CLOSE_CODE.TRY_LATER);
      expect(a.links.figures().refused.late).toBe(1);
    });

    it('[CLU-40] have room of their own, which is bounded and free again', async () => {
      const a = await nodes.start('a');
      const crowd = await Promise.all(Array.from({ length: LIMITS.linkStrangers }, () => visit(a)));
      const one = await visit(a);
      expect(one.readyState).toBe(WebSocket.CLOSED);
      for (const socket of crowd) socket.terminate();
      const b = await nodes.start('b');
      nodes.introduce(a, b);
      await linked(a, b);
    });

    it('[CLU-40] a proof that was heard is of no use in another handshake', async () => {
      const a = await nodes.start('a');
      const first = new WebSocket(`ws://127.0.0.1:${a.port}/cluster`);
      const [challenge] = await once(first, 'message');
      const greeting = new Greeting({
        role: 'dialler',
        secret: SECRET,
        self: { name: 'b', boot: 'b1', versions: [3, 4], nonce: new Uint8Array(32) },
        target: 'a',
      });
      const answered = greeting.take(challenge);
      if (answered.name !== 'more') throw new Error('no answer');
      const second = await visit(a);
      second.send(answered.reply);
      expect(await closeOf(second)).toBe(CLOSE_CODE.AUTH);
      first.send(answered.reply);
      await once(first, 'message');
      expect([...a.links.up]).toEqual(['b']);
      first.terminate();
    });

    it('[CLU-40] a node that stops refuses links, and other paths are none', async () => {
      const a = await nodes.start('a');
      expect((await visit(a, '/other')).readyState).toBe(WebSocket.CLOSED);
      a.links.close();
      expect((await visit(a)).readyState).toBe(WebSocket.CLOSED);
    });
  });
});
