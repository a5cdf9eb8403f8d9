import { createHmac } from 'node:crypto';
import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient, type TopicStanding } from '@topgun/client';
import { joinRoom, type PresenceChange, type Room } from '@topgun/client/rooms';
import { type ServerConfigInput, ServerCoordinator } from '@topgun/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Front } from './Front.js';

const SECRET = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';
const WAIT = { timeout: 30_000, interval: 5 };
const config: ServerConfigInput = {
  port: 0,
  storage: 'memory',
  logLevel: 'silent',
  drainMs: 50,
  jwtSecret: SECRET,
  roomMembersMax: 3,
  policies: [{ role: 'USER', map: '**', actions: ['READ', 'PUT', 'REMOVE'] }],
};

let server: ServerCoordinator;
let front: Front;
let clients: TopGunClient[];
beforeEach(async () => {
  clients = [];
  server = new ServerCoordinator(config);
  await server.start();
  front = await Front.before(server.port);
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await front.close();
  await server.shutdown();
});

function tokenOf(sub: string): string {
  const iat = Math.floor(Date.now() / 1_000);
  const claims = { sub, roles: ['USER'], iss: 'topgun', aud: 'topgun', iat, exp: iat + 3_600 };
  const parts = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = createHmac('sha256', SECRET).update(parts.join('.')).digest('base64url');
  return [...parts, signature].join('.');
}

/** Through the front, back soon when it is cut. */
async function device(sub: string): Promise<TopGunClient> {
  const client = new TopGunClient({
    serverUrl: front.url,
    storage: new MemoryAdapter(),
    // Clients of one store would be tabs of each other.
    storeName: `${sub} ${clients.length}`,
    token: tokenOf(sub),
    backoff: { baseMs: 20, capMs: 100 },
  });
  clients.push(client);
  return client;
}

const users = (room: Room): string[] => room.present.map(({ user }) => user);

describe('topics of devices', () => {
  it('[TOP-6] a device that was cut off 50 times hears all that was said, in order and once', async () => {
    const ann = await device('ann');
    const heard: number[] = [];
    const standings: TopicStanding[] = [];
    const topic = ann.topic<number>('room/1');
    topic.subscribe((n) => heard.push(n), { onStanding: (standing) => standings.push(standing) });
    await vi.waitFor(() => expect(standings).toHaveLength(1), WAIT);
    let said = 0;
    for (let cut = 1; cut <= 50; cut++) {
      const say = async (): Promise<void> => void (await server.publish('room/1', ++said));
      await Promise.all([say(), say()]);
      front.cut();
      await Promise.all([say(), say()]);
      await vi.waitFor(() => expect(standings.length).toBeGreaterThan(cut), WAIT);
      if (cut % 10 === 0) topic.publish(-1);
    }
    await vi.waitFor(() => expect(heard.at(-1)).toBe(said), WAIT);
    expect(heard).toEqual(Array.from({ length: said }, (_, at) => at + 1));
    expect(standings.every(({ recovered, isOver }) => recovered && !isOver)).toBe(true);
  });

  it('[TOP-6] each listener begins where it asks to, and hears on with the others', async () => {
    const ann = await device('ann');
    for (let n = 1; n <= 5; n++) await server.publish('room/1', n);
    const topic = ann.topic<number>('room/1');
    const all: number[] = [];
    const late: number[] = [];
    const live: number[] = [];
    const begun: TopicStanding[] = [];
    const positions = new Map<number, { epoch: string; offset: number }>();
    topic.subscribe(
      (n, { position }) => {
        all.push(n);
        if (position) positions.set(n, position);
      },
      { last: 3, onStanding: (standing) => begun.push(standing) },
    );
    await vi.waitFor(() => expect(begun).toHaveLength(1), WAIT);
    topic.subscribe((n) => live.push(n));
    topic.subscribe((n) => late.push(n), { since: positions.get(4) });
    await vi.waitFor(() => expect(late).toEqual([5]), WAIT);
    await server.publish('room/1', 6);
    await vi.waitFor(() => expect(live).toEqual([6]), WAIT);
    expect([all, late]).toEqual([
      [3, 4, 5, 6],
      [5, 6],
    ]);
    // An app that kept a place goes on there with another client.
    const again: number[] = [];
    const back = await device('ann');
    back.topic<number>('room/1').subscribe((n) => again.push(n), { since: positions.get(3) });
    await vi.waitFor(() => expect(again).toEqual([4, 5, 6]), WAIT);
  });

  it('[TOP-6] of a topic that keeps nothing an app is told that it missed what was said meanwhile', async () => {
    const ann = await device('ann');
    const standings: boolean[] = [];
    ann
      .topic('news')
      .subscribe(() => undefined, { onStanding: ({ recovered }) => standings.push(recovered) });
    await vi.waitFor(() => expect(standings).toEqual([true]), WAIT);
    front.cut();
    await vi.waitFor(() => expect(standings).toEqual([true, false]), WAIT);
  });
});

describe('joinRoom', () => {
  it('[PRES-10] [S004-29] shows who is there as they come, say something of themselves, and leave', async () => {
    const [ann, ben] = [await device('ann'), await device('ben')];
    const changes: PresenceChange<string>[] = [];
    const kitchen = joinRoom<string, string>(ann, 'kitchen', { state: 'cooking' });
    kitchen.onPresence((change) => changes.push(change));
    await vi.waitFor(() => expect(users(kitchen)).toEqual(['ann']), WAIT);
    const other = joinRoom<string, string>(ben, 'kitchen');
    await vi.waitFor(() => expect(users(kitchen)).toEqual(['ann', 'ben']), WAIT);
    // Who comes later sees what those say who were there.
    await vi.waitFor(
      () => expect(other.present).toMatchObject([{ state: 'cooking' }, { user: 'ben' }]),
      WAIT,
    );
    other.setState('eating');
    await vi.waitFor(() => expect(kitchen.present[1]).toMatchObject({ user: 'ben', state: 'eating' }), WAIT);
    other.setState(undefined);
    await vi.waitFor(() => expect(kitchen.present[1]).not.toHaveProperty('state'), WAIT);
    other.leave();
    await vi.waitFor(() => expect(users(kitchen)).toEqual(['ann']), WAIT);
    const told = changes.map(({ joined, left, updated }) =>
      [joined, left, updated].map((list) => list.map(({ user }) => user).join()),
    );
    expect(told).toEqual([
      ['ann', '', ''],
      ['ben', '', ''],
      ['', '', 'ben'],
      ['', '', 'ben'],
      ['', 'ben', ''],
    ]);
  });

  it('[PRES-10] [S004-29] what a room has in common is a map beside it: what two did to it while they were apart is merged when they meet', async () => {
    const [ann, ben] = [await device('ann'), await device('ben')];
    const rooms = [ann, ben].map((client) => joinRoom(client, 'kitchen'));
    await vi.waitFor(() => expect(users(rooms[0] as Room)).toEqual(['ann', 'ben']), WAIT);
    const boards = [ann, ben].map((client) => client.getMap<unknown>('board:kitchen'));
    const [ofAnn, ofBen] = boards as [(typeof boards)[0], (typeof boards)[0]];
    ofAnn.set('title', 'Tea');
    await vi.waitFor(() => expect(ofBen.get('title')).toBe('Tea'), WAIT);
    // Nobody reaches the server.
    front.to();
    front.cut();
    ofAnn.set('sugar', 1);
    ofAnn.set('title', 'Tea of Ann');
    ofBen.set('milk', 2);
    ofBen.set('title', 'Tea of Ben');
    front.to(server.port);
    const whole = { sugar: 1, milk: 2, title: expect.stringMatching(/^Tea of (Ann|Ben)$/) };
    const read = (board: (typeof boards)[0]): unknown =>
      Object.fromEntries(['sugar', 'milk', 'title'].map((key) => [key, board.get(key)]));
    await vi.waitFor(() => {
      for (const board of boards) expect(read(board)).toEqual(whole);
      expect(read(ofAnn)).toEqual(read(ofBen));
    }, WAIT);
  });

  it('[PRES-8] [PRES-10] a connection that breaks and comes back is no news; a client that closes is gone at once', async () => {
    const [ann, ben] = [await device('ann'), await device('ben')];
    const kitchen = joinRoom(ann, 'kitchen');
    const other = joinRoom(ben, 'kitchen', { state: 'here' });
    await vi.waitFor(() => expect(users(kitchen)).toEqual(['ann', 'ben']), WAIT);
    const changes: unknown[] = [];
    kitchen.onPresence((change) => changes.push(change));
    const back = [kitchen, other].map((room) => {
      const recovered: boolean[] = [];
      room.onStanding((standing) => recovered.push(standing.recovered));
      return recovered;
    });
    front.cut();
    await vi.waitFor(() => expect(back).toEqual([[true], [true]]), WAIT);
    expect(changes).toEqual([]);
    await ben.close();
    await vi.waitFor(() => expect(changes).toMatchObject([{ left: [{ user: 'ben' }] }]), WAIT);
  });

  it('[PRES-10] messages are heard by the others, those before by who asks for them', async () => {
    const [ann, ben] = [await device('ann'), await device('ben')];
    const [mine, yours]: [string[], string[]] = [[], []];
    const kitchen = joinRoom<string>(ann, 'kitchen');
    kitchen.onMessage((text) => mine.push(text));
    await vi.waitFor(() => expect(users(kitchen)).toEqual(['ann']), WAIT);
    kitchen.publish('Tea?', { name: 'said' });
    const other = joinRoom<string>(ben, 'kitchen', { last: 10 });
    other.onMessage((text, { publisherId, name }) => yours.push(`${publisherId} ${name}: ${text}`));
    await vi.waitFor(() => expect(yours).toEqual(['ann said: Tea?']), WAIT);
    other.publish('Yes!');
    await vi.waitFor(() => expect(mine).toEqual(['Yes!']), WAIT);
    kitchen.leave();
    other.publish('Ann?');
    await vi.waitFor(() => expect(users(other)).toEqual(['ben']), WAIT);
    expect(mine).toEqual(['Yes!']);
  });

  it('[ROOM-5] [PRES-10] the app hears that a room is full, and is let in when there is a place', async () => {
    const members = await Promise.all(['a', 'b', 'c', 'd'].map(device));
    const rooms = members.slice(0, 3).map((client) => joinRoom(client, 'small'));
    await vi.waitFor(() => expect(users(rooms[0] as Room)).toHaveLength(3), WAIT);
    const errors: string[] = [];
    const late = members[3] as TopGunClient;
    late.onError(({ code }) => errors.push(code));
    const waiting = joinRoom(late, 'small');
    await vi.waitFor(() => expect(errors).toContain('LIMIT'), WAIT);
    expect(users(waiting)).toEqual(['a', 'b', 'c']);
    rooms[0]?.leave();
    await vi.waitFor(() => expect(users(waiting)).toEqual(['b', 'c', 'd']), WAIT);
  });
});
