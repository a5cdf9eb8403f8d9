import { randomBytes } from 'node:crypto';
import { PROTOCOL_VERSION, packPlain, serialize } from '@topgun/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { until } from '../../storage/postgres/testing/testDatabases.js';
import { type LinkEnd, packAnswer, packWelcome, prove, readChallenge } from './handshake.js';
import { LinkedNodes } from './testing/LinkedNodes.js';

const nodes = new LinkedNodes();
afterEach(() => nodes.stop());

const self = (name = 'eve'): LinkEnd => ({
  name,
  boot: 'e1',
  versions: [PROTOCOL_VERSION - 1, PROTOCOL_VERSION],
  nonce: randomBytes(32),
});
/** By who knows another secret, or none. */
const forged = (frame: Buffer, name?: string): Uint8Array => {
  const listener = readChallenge(frame) as LinkEnd;
  const end = self(name);
  return packAnswer(end, prove('y'.repeat(32), 'dialler', listener, end));
};

/** What a stranger says to the challenge; several in one go. */
const SAID: Readonly<Record<string, (challenge: Buffer) => readonly (Uint8Array | string)[]>> = {
  'a text': () => ['hello'],
  nothing: () => [new Uint8Array()],
  'random bytes': () => [randomBytes(200)],
  'a message of a client': () => [serialize(['AUTH', 1])],
  'a list that never ends': () => [Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])],
  'deep nesting': () => [Buffer.alloc(4_000, 0x91)],
  'more than a stranger may': () => [randomBytes(64 * 1024)],
  'the challenge itself': (challenge) => [challenge],
  'a welcome': () => [packWelcome(randomBytes(32))],
  'a wrong proof': (challenge) => [forged(challenge)],
  'a wrong proof of a node that is linked': (challenge) => [forged(challenge, 'b')],
  'names of prototypes': (challenge) => [forged(challenge, '__proto__')],
  'a wrong proof, and then what nodes say': (challenge) => [
    forged(challenge),
    packPlain([0, { say: 'commit', maps: [], slices: [], facts: [], revision: 1 }]),
    packPlain([1, { links: ['b'] }]),
  ],
  'what nodes say, without a proof': () => [packPlain([0, { say: 'standing', places: [], revision: 9 }])],
};

async function close(
  port: number,
  said: (challenge: Buffer) => readonly (Uint8Array | string)[],
): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/cluster`);
  socket.on('error', () => undefined);
  socket.once('message', (challenge) => {
    for (const frame of said(challenge as Buffer)) socket.send(frame);
  });
  return new Promise((resolve) => socket.once('close', resolve));
}

describe('strangers at the door of nodes', () => {
  it('[CLU-40] whatever they say, they are sent away, nothing of it is heard, and links stay', async () => {
    const [a, b] = [await nodes.start('a'), await nodes.start('b')];
    for (const channel of ['feed', 'ops', 'answers', 'barrier', 'topics'] as const) a.hear(channel);
    nodes.introduce(a, b);
    await until(() => a.links.up.has('b') && b.links.up.has('a'));
    for (const [what, said] of Object.entries(SAID)) {
      const code = await close(a.port, said);
      expect([what, code < 4_000 ? 'cut' : 'told']).toEqual([
        what,
        code === 1006 || code === 1009 ? 'cut' : 'told',
      ]);
    }
    expect([...a.links.up]).toEqual(['b']);
    expect(a.heard).toEqual([]);
    expect(a.changes).toEqual(['+b']);
    const { refused } = a.links.figures();
    expect(refused.secret).toBeGreaterThanOrEqual(4);
    expect(refused.malformed).toBeGreaterThanOrEqual(5);
    expect(b.links.send('a', 'barrier', { say: 'asked', number: 1 })).toBe(true);
    await until(() => a.heard.length === 1);
  });

  it('[CLU-41] a linked node whose words its reader cannot take in loses its link, and comes again', async () => {
    const [a, b] = [await nodes.start('a'), await nodes.start('b')];
    a.links.read('feed', () => {
      throw new TypeError('a frame of another form');
    });
    nodes.introduce(a, b);
    await until(() => a.links.up.has('b') && b.links.up.has('a'));
    b.links.send('a', 'feed', { say: 'nothing that is known' });
    await until(() => a.changes.length >= 3);
    expect(a.changes).toEqual(['+b', '-b', '+b']);
    expect(a.links.figures().ended.reader).toBe(1);
  });
});
