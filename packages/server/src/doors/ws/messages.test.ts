import { isDeepStrictEqual } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SERVER_PRINCIPAL } from '../../topics/serverPrincipal.js';
import { DoorRig, POLICIES } from './testing/DoorRig.js';
import { toldBy } from './testing/JsonClient.js';

let rig: DoorRig;
beforeEach(async () => {
  rig = await DoorRig.open();
});
afterEach(() => rig.close());

describe('channels', () => {
  it('[WSJ-10] every connection is in its own channels, those that it may hear', async () => {
    const token = await rig.token();
    const client = await rig.shake({ query: `?token=${token}` });
    if (typeof client === 'number') throw new Error(`${client}`);
    await client.settle();
    const joined = client.drain('subscribed').map(({ topic }) => topic);
    expect(joined.sort()).toEqual(['global', 'system', 'tenant/acme', 'user/ann']);
  });

  it('[WSJ-10] those that no policy opens are left out without a word', async () => {
    rig.setPolicies(POLICIES.filter(({ map }) => map !== 'topic:global'));
    const token = await rig.token();
    const client = await rig.shake({ query: `?token=${token}` });
    if (typeof client === 'number') throw new Error(`${client}`);
    await client.settle();
    expect(client.drain('subscribed').map(({ topic }) => topic)).not.toContain('global');
    expect(client.drain('error')).toEqual([]);
  });

  it('[WSJ-11] [S003-12] other topics are joined and left; the policy is asked for each', async () => {
    const [ann, ben] = [await rig.connect('ann'), await rig.connect('ben')];
    ann.send({ type: 'subscribe', topic: 'open:a', message_id: 'q1' });
    expect(await ann.find(({ topic }) => topic === 'open:a')).toMatchObject({
      type: 'subscribed',
      reply_to: 'q1',
      payload: { recovered: true },
    });
    ben.send({ type: 'message', topic: 'open:a', payload: 1 });
    expect(await ann.take('message')).toMatchObject({ topic: 'open:a', payload: 1, from_user: 'ben' });
    ann.send({ type: 'unsubscribe', topic: 'open:a', message_id: 'q2' });
    expect(await ann.take('unsubscribed')).toMatchObject({ topic: 'open:a', reply_to: 'q2' });
    ben.send({ type: 'message', topic: 'open:a', payload: 2 });
    await ben.settle();
    await ann.settle();
    expect(ann.drain('message')).toEqual([]);
    ann.send({ type: 'subscribe', topic: 'closed', message_id: 'q3' });
    expect(await ann.take('error')).toMatchObject({
      payload: { code: 'DENIED' },
      topic: 'closed',
      reply_to: 'q3',
    });
  });

  it('[WSJ-11] as many as there may be', async () => {
    const client = await rig.connect();
    for (let i = 0; i < 97; i++) client.send({ type: 'subscribe', topic: `open:${i}` });
    expect((await client.take('error')).payload).toMatchObject({ code: 'LIMIT' });
    await client.settle();
    expect(rig.door.figures().joined).toBe(100);
    expect(rig.visitors.limits.limitsHit.get('wsTopics')).toBe(1);
  });

  it('[WSJ-11] joining and leaving at once is done in its order', async () => {
    const client = await rig.connect();
    for (let i = 0; i < 5; i++) {
      client.send({ type: 'subscribe', topic: 'room/1' });
      client.send({ type: 'unsubscribe', topic: 'room/1' });
    }
    client.send({ type: 'subscribe', topic: 'room/1', message_id: 'last' });
    await client.find(({ reply_to }) => reply_to === 'last');
    expect(client.drain('subscribed').length + client.drain('unsubscribed').length).toBe(10);
    client.send({ type: 'message', topic: 'room/1', payload: 'once' });
    await client.take('message');
    await client.settle();
    expect(client.drain('message')).toEqual([]);
  });

  it('[WSJ-13] who loses the right to a topic is told, and hears it no more', async () => {
    const client = await rig.connect();
    rig.setPolicies(POLICIES.filter(({ map }) => map !== 'topic:tenant/{tenant_id}'));
    expect(await client.take('error')).toMatchObject({ topic: 'tenant/acme', payload: { code: 'DENIED' } });
    expect(rig.door.figures().joined).toBe(3);
  });

  it('[WSJ-13] where messages are lost a connection is told to begin anew', async () => {
    const client = await rig.connect();
    rig.hub.lost('tenant/acme');
    expect(await client.take('system')).toMatchObject({ topic: 'tenant/acme', payload: { event: 'resync' } });
  });
});

describe('what is said', () => {
  it('[WSJ-22] [S003-12] a message reaches all connections of the tenant, the sender too, and no other tenant', async () => {
    const all = await Promise.all(['ann', 'ben', 'ben'].map((sub) => rig.connect(sub)));
    const other = await rig.connect('cat', { tenant_id: 'initech' });
    all[0]?.send({ type: 'message', payload: { text: 'hello' } });
    for (const client of all)
      expect(await client.take('message')).toMatchObject({
        topic: 'tenant/acme',
        payload: { text: 'hello' },
      });
    await other.settle();
    expect(other.received.filter(({ type }) => type === 'message')).toEqual([]);
  });

  it('[WSJ-20] [S003-15] the envelope is complete, and sender, time and place are those of the server', async () => {
    const client = await rig.connect();
    const spoofed = {
      from_user: 'root',
      timestamp: '1999-01-01T00:00:00Z',
      epoch: 'x',
      offset: 99,
      node: 'n',
    };
    client.send({ type: 'message', payload: [1], ...spoofed });
    expect(await client.take('message')).toEqual({
      type: 'message',
      payload: [1],
      timestamp: expect.stringMatching(/^20\d\d-.*\.\d{3}Z$/),
      from_user: 'ann',
      message_id: 'id-1',
      topic: 'tenant/acme',
      epoch: expect.stringMatching(/./),
      offset: expect.any(Number),
    });
    client.send({ type: 'subscribe', topic: 'open:a' });
    client.send({ type: 'message', topic: 'open:a', payload: 0 });
    const unlogged = await client.take('message');
    expect(Object.keys(unlogged).sort()).toEqual([
      'from_user',
      'message_id',
      'payload',
      'timestamp',
      'topic',
      'type',
    ]);
  });

  it('[WSJ-22] [S003-14] to everybody only an ADMIN speaks, whatever the policies say', async () => {
    const [admin, ann] = [await rig.connect('root', { roles: ['ADMIN'] }), await rig.connect('ann')];
    const other = await rig.connect('cat', { tenant_id: 'initech' });
    for (const frame of [
      { type: 'broadcast', payload: 1 },
      { type: 'system', payload: 1 },
      { type: 'message', topic: 'global', payload: 1 },
    ]) {
      ann.send({ ...frame, message_id: 'x' });
      expect(await ann.take('error')).toMatchObject({ payload: { code: 'DENIED' }, reply_to: 'x' });
    }
    admin.send({ type: 'broadcast', payload: 'all' });
    admin.send({ type: 'system', payload: 'soon' });
    for (const client of [admin, ann, other]) {
      expect(await client.take('broadcast')).toMatchObject({
        topic: 'global',
        payload: 'all',
        from_user: 'root',
      });
      expect(await client.take('system')).toMatchObject({ topic: 'system', payload: 'soon' });
    }
  });

  it('[WSJ-22] [S003-13] [S003-33] a notification reaches every connection of one user, and nobody else', async () => {
    const [ann, ben1, ben2] = [await rig.connect('ann'), await rig.connect('ben'), await rig.connect('ben')];
    ann.send({ type: 'notification', to_user: 'ben', payload: 'psst' });
    for (const client of [ben1, ben2])
      expect(await client.take('notification')).toMatchObject({
        topic: 'user/ben',
        payload: 'psst',
        from_user: 'ann',
      });
    await ann.settle();
    expect(ann.drain('notification')).toEqual([]);
  });

  it('[WSJ-21] an event keeps its name, and nobody speaks for the server', async () => {
    const client = await rig.connect();
    const say = (name: string, topic = 'tenant/acme'): Promise<unknown> =>
      rig.hub.publish(topic, { name }, SERVER_PRINCIPAL, { name });
    const expected = {
      'stream.created': 'stream.created',
      error: 'message',
      system: 'message',
      pong: 'message',
      '': 'message',
    };
    for (const [name, type] of Object.entries(expected)) {
      await say(name);
      expect(await client.find(({ payload }) => isDeepStrictEqual(payload, { name }))).toMatchObject({
        type,
        from_user: null,
      });
    }
    await say('', 'global');
    expect(await client.take('broadcast')).toMatchObject({ topic: 'global' });
    await say('maintenance', 'system');
    expect(await client.take('maintenance')).toMatchObject({ topic: 'system' });
  });

  it('[WSJ-20] values that came over a binary socket and that JSON has no word for', async () => {
    const client = await rig.connect();
    const data = { at: new Date(0), big: 7n, raw: new Uint8Array([0, 255]), text: 'ä' };
    await rig.hub.publish('tenant/acme', data, SERVER_PRINCIPAL);
    expect((await client.take('message')).payload).toEqual({
      at: { $date: '1970-01-01T00:00:00.000Z' },
      big: { $bigint: '7' },
      raw: { $bytes: '00ff' },
      text: 'ä',
    });
    client.send({ type: 'history', topic: 'tenant/acme' });
    expect((await client.take('history')).payload).toMatchObject({
      messages: [{ payload: { big: { $bigint: '7' } } }],
    });
  });

  it('[WSJ-23] a message with a name is acknowledged once it is accepted, and taken in once', async () => {
    const [ann, ben] = [await rig.connect('ann'), await rig.connect('ben')];
    ann.send({ type: 'message', payload: 1, message_id: 'm-1' });
    const ack = await ann.take('ack');
    const heard = await ben.take('message');
    expect(ack).toMatchObject({
      reply_to: 'm-1',
      topic: 'tenant/acme',
      payload: { message_id: heard.message_id, offset: heard.offset },
    });
    const again = await rig.connect('ann');
    again.send({ type: 'message', payload: 1, message_id: 'm-1' });
    expect((await again.take('ack')).payload).toEqual(ack.payload);
    ben.send({ type: 'message', payload: 2, message_id: 'm-1' });
    await ben.take('ack');
    await ben.settle();
    expect(ben.drain('message').map(({ payload }) => payload)).toEqual([2]);
  });

  it('[WSJ-24] [S003-16] ping is answered pong', async () => {
    const client = await rig.connect();
    client.send({ type: 'ping', payload: { t: 1 }, message_id: 'p' });
    expect(await client.take('pong')).toMatchObject({ payload: { t: 1 }, reply_to: 'p' });
  });

  it('[WSJ-25] [S003-16] what cannot be read is answered with a code, and the connection goes on', async () => {
    const client = await rig.connect();
    const bad: [string | Buffer, string][] = [
      ['nonsense', 'BAD_MESSAGE'],
      ['', 'BAD_MESSAGE'],
      ['[]', 'BAD_MESSAGE'],
      ['null', 'BAD_MESSAGE'],
      ['7', 'BAD_MESSAGE'],
      ['{}', 'BAD_MESSAGE'],
      ['{"type":"message"}', 'BAD_MESSAGE'],
      ['{"type":"message","payload":null}', 'BAD_MESSAGE'],
      ['{"type":"subscribe","topic":7}', 'BAD_MESSAGE'],
      ['{"type":"subscribe","topic":"t","since":{"epoch":"e","offset":-1}}', 'BAD_MESSAGE'],
      ['{"type":"notification","payload":1}', 'BAD_MESSAGE'],
      ['{"type":"message","payload":1,"message_id":"not one"}', 'BAD_MESSAGE'],
      ['{"type":"__proto__"}', 'UNKNOWN_TYPE'],
      ['{"type":"welcome"}', 'UNKNOWN_TYPE'],
      [Buffer.from('{"type":"ping"}'), 'BAD_MESSAGE'],
      [`{"type":"message","payload":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'TOPIC_INVALID'],
      ['{"type":"message","payload":{"__proto__":{"a":1}}}', 'TOPIC_INVALID'],
      ['{"type":"message","payload":"\\ud800"}', 'TOPIC_INVALID'],
    ];
    for (const [frame, code] of bad) {
      client.ws.send(frame);
      const { payload } = await client.take('error');
      expect([String(frame).slice(0, 60), payload]).toEqual([
        String(frame).slice(0, 60),
        { code, message: expect.any(String) },
      ]);
    }
    await client.settle();
    expect(client.ws.readyState).toBe(client.ws.OPEN);
  });

  it('[WSJ-25] [S003-34] a frame of 65,536 bytes is taken, one more ends the connection with 1009', async () => {
    const client = await rig.connect();
    const frame = JSON.stringify({ type: 'message', payload: '' });
    const payload = 'x'.repeat(65_536 - frame.length);
    client.send({ type: 'message', payload });
    expect((await client.take('message')).payload).toBe(payload);
    client.send({ type: 'message', payload: `${payload}x` });
    expect((await client.closed)[0]).toBe(1009);
    expect(rig.visitors.limits.limitsHit.get('wsFrameBytes')).toBe(1);
  });
});

describe('what was said before', () => {
  it('[WSJ-14] [S003-28] a topic tells its last messages, a hundred by default', async () => {
    const client = await rig.connect();
    for (let i = 1; i <= 120; i++) await rig.hub.publish('room/1', i, SERVER_PRINCIPAL);
    client.send({ type: 'history', topic: 'room/1', message_id: 'h' });
    const answer = await client.take('history');
    expect(answer.reply_to).toBe('h');
    const { messages = [], epoch } = toldBy(answer);
    expect(messages.map(({ payload }) => payload)).toEqual(Array.from({ length: 100 }, (_, i) => i + 21));
    expect(messages[0]).toMatchObject({ type: 'message', topic: 'room/1', epoch });
    const since = { epoch, offset: messages[0]?.offset };
    client.send({ type: 'history', topic: 'room/1', since, limit: 10 });
    const next = toldBy(await client.take('history'));
    expect(next).toMatchObject({ recovered: true, has_more: true });
    expect(next.messages?.map(({ payload }) => payload)).toEqual([22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);
    client.send({ type: 'history', topic: 'closed' });
    expect(toldBy(await client.take('error')).code).toBe('DENIED');
  });

  it('[WSJ-14] no more bytes than an answer may have', async () => {
    const client = await rig.connect();
    for (let i = 0; i < 12; i++) await rig.hub.publish('room/1', 'x'.repeat(60_000), SERVER_PRINCIPAL);
    client.send({ type: 'history', topic: 'room/1' });
    const { messages, has_more } = toldBy(await client.take('history'));
    expect(messages?.length).toBe(8);
    expect(has_more).toBe(true);
  });

  it('[WSJ-11] [S003-28] who joins may ask for the last messages first', async () => {
    const client = await rig.connect();
    for (let i = 1; i <= 5; i++) await rig.hub.publish('room/1', i, SERVER_PRINCIPAL);
    client.send({ type: 'subscribe', topic: 'room/1', history: 2 });
    const { payload } = await client.take('subscribed');
    const told = client.drain('message');
    expect(told.map(({ payload: said }) => said)).toEqual([4, 5]);
    expect(payload).toMatchObject({ recovered: true, offset: told[1]?.offset });
  });

  it('[WSJ-12] who comes back hears what it missed, once, and is told where that is not all', async () => {
    const first = await rig.connect();
    first.send({ type: 'subscribe', topic: 'room/1' });
    await first.settle();
    await rig.hub.publish('tenant/acme', 1, SERVER_PRINCIPAL);
    await rig.hub.publish('room/1', 'a', SERVER_PRINCIPAL);
    const seen = [await first.take('message'), await first.take('message')];
    first.ws.close();
    await first.closed;
    await rig.hub.publish('tenant/acme', 2, SERVER_PRINCIPAL);
    await rig.hub.publish('room/1', 'b', SERVER_PRINCIPAL);
    const places = seen.map(({ topic, epoch, offset }) => ({ topic, epoch, offset }));
    const resume = Object.fromEntries(places.map(({ topic, ...place }) => [topic, place]));
    const query = places.map(
      ({ topic, epoch, offset }) => `&resume=${encodeURIComponent(`${topic}@${epoch}:${offset}`)}`,
    );
    const token = await rig.token();
    for (const opening of [{ query: `?token=${token}${query.join('')}` }, {}]) {
      const client = await rig.shake(opening);
      if (typeof client === 'number') throw new Error(`${client}`);
      if (!('query' in opening)) client.send({ type: 'auth', payload: { token, resume } });
      await client.take('system');
      await client.settle();
      expect(
        client
          .drain('message')
          .map(({ payload }) => payload)
          .sort(),
      ).toEqual([2, 'b']);
      const joined = client.drain('subscribed');
      expect(joined.find(({ topic }) => topic === 'room/1')).toMatchObject({ payload: { recovered: true } });
    }
    const lost = await rig.shake({ query: `?token=${token}&resume=room/1@gone:1` });
    if (typeof lost === 'number') throw new Error(`${lost}`);
    const joined = await lost.find(({ type, topic }) => type === 'subscribed' && topic === 'room/1');
    expect(joined.payload).toMatchObject({ recovered: false });
  });
});
