import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DoorRig } from './testing/DoorRig.js';
import { type JsonClient, type Opening, toldBy } from './testing/JsonClient.js';

const OTHER = 'zX8cV5bN2mA9sD6fG3hJ0kL7qW4eR1tY';
let rig: DoorRig;
beforeEach(async () => {
  rig = await DoorRig.open();
});
afterEach(() => rig.close());

async function opened(opening: Opening): Promise<JsonClient> {
  const client = await rig.shake(opening);
  if (typeof client === 'number') throw new Error(`The handshake was answered ${client}.`);
  return client;
}

describe('how a token arrives', () => {
  it('[WSJ-2] [S003-6] in the address, a header, a subprotocol or the first frame', async () => {
    const token = await rig.token();
    const openings: Opening[] = [
      { query: `?token=${token}` },
      { header: `Bearer ${token}` },
      { protocols: ['topgun', `topgun.bearer.${token}`] },
      { query: `?token=${token}`, header: `Bearer ${token}` },
      {},
    ];
    for (const opening of openings) {
      const client = await opened(opening);
      if (Object.keys(opening).length === 0) client.send({ type: 'auth', payload: { token } });
      const welcome = await client.take('system');
      expect(welcome.payload).toMatchObject({ user_id: 'ann', tenant_id: 'acme' });
      expect(client.ws.protocol).toBe('protocols' in opening ? 'topgun' : '');
    }
  });

  it('[WSJ-2] two different ones are 401', async () => {
    const [a, b] = [await rig.token('ann'), await rig.token('ben')];
    expect(await rig.shake({ query: `?token=${a}`, header: `Bearer ${b}` })).toBe(401);
    expect(await rig.shake({ query: `?token=${a}&token=${b}` })).toBe(401);
  });

  it('[WSJ-2] [WSJ-4] a token of the address is nowhere in what is logged', async () => {
    const good = await rig.token();
    const bad = await rig.token('ann', {}, OTHER);
    await opened({ query: `?token=${good}` });
    expect(await rig.shake({ query: `?token=${bad}` })).toBe(401);
    const logged = JSON.stringify(rig.log);
    expect(logged).toContain('token refused');
    for (const token of [good, bad]) expect(logged).not.toContain(token.split('.')[1]);
  });
});

describe('which tokens are believed', () => {
  it('[WSJ-3] [S003-7] none that is no token, of another key, at its end, or without the scope', async () => {
    const bad = [
      'x.y.z',
      '',
      await rig.token('ann', {}, OTHER),
      await rig.token('ann', { exp: Math.floor(rig.wallMs / 1000) - 1 }),
      await rig.token('ann', { scope: 'chat' }),
      await rig.token('ann', { scope: 'ws:connection' }),
      await rig.token('ann', { scope: ['ws:connect'] }),
      await rig.token('ann', { scope: undefined }),
    ];
    for (const token of bad)
      expect([token, await rig.shake({ query: `?token=${token}` })]).toEqual([token, 401]);
    expect(rig.door.counts.authFailures).toBe(bad.length);
    expect(rig.door.figures().connections).toBe(0);
  });

  it('[WSJ-4] [S003-5] [S003-8] a bad one is answered on the upgrade itself, with 401 and no socket', async () => {
    const socket = connect(rig.port, '127.0.0.1');
    socket.write(
      `GET /ws?token=x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    let answer = '';
    for await (const piece of socket) answer += String(piece);
    expect(answer).toMatch(/^HTTP\/1\.1 401 .*\{"code":"AUTH_FAILED"\}$/s);
    expect(rig.refused).toEqual([401]);
  });

  it('[WSJ-3] the scope may stand in a list', async () => {
    const token = await rig.token('ann', { scope: undefined, scopes: ['chat', 'ws:connect'] });
    await opened({ query: `?token=${token}` });
  });

  it('[WSJ-3] wsScopeRequired: false asks for no scope', async () => {
    await rig.close();
    rig = await DoorRig.open({ config: { wsScopeRequired: false } });
    await opened({ query: `?token=${await rig.token('ann', { scope: undefined })}` });
  });

  it('[WSJ-3] a tenant that would be a topic of another one refuses the token; a number is a name', async () => {
    for (const tenant_id of ['acme/b', 'a:b', '', '*', 'a b', {}, ['acme'], 'x'.repeat(129), 1.5])
      expect(await rig.shake({ query: `?token=${await rig.token('ann', { tenant_id })}` })).toBe(401);
    const client = await opened({ query: `?token=${await rig.token('ann', { tenant_id: 7 })}` });
    expect(toldBy(await client.take('system')).tenant_id).toBe('7');
    const nobodys = await opened({ query: `?token=${await rig.token('ann', { tenant_id: undefined })}` });
    expect(toldBy(await nobodys.take('system')).tenant_id).toBe(null);
  });

  it('[WSJ-3] tenantClaim names another claim', async () => {
    await rig.close();
    rig = await DoorRig.open({ config: { tenantClaim: 'https://app.example/org' } });
    const claims = { 'https://app.example/org': 'initech' };
    const client = await opened({ query: `?token=${await rig.token('ann', claims)}` });
    expect(toldBy(await client.take('system')).tenant_id).toBe('initech');
  });

  it('[WSJ-4] in the first frame a bad one is told and closed with 4401, as is anything but a token', async () => {
    const frames: [object | string, string][] = [
      [{ type: 'auth', payload: { token: 'x.y.z' } }, 'AUTH_FAILED'],
      [{ type: 'auth', payload: { token: await rig.token('ann', { scope: '' }) } }, 'AUTH_FAILED'],
      [{ type: 'ping' }, 'AUTH_REQUIRED'],
      [{ type: 'auth', payload: {} }, 'AUTH_REQUIRED'],
      ['nonsense', 'AUTH_REQUIRED'],
    ];
    for (const [frame, code] of frames) {
      const client = await opened({});
      client.ws.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
      expect(toldBy(await client.take('error')).code).toBe(code);
      expect((await client.closed)[0]).toBe(4401);
    }
  });

  it('[WSJ-4] who says nothing is closed after five seconds, who says too much is cut', async () => {
    const silent = await opened({});
    rig.pass(4_000);
    await opened({});
    expect(rig.door.figures().connections).toBe(2);
    rig.pass(2_000);
    expect((await silent.closed)[0]).toBe(1013);
    const loud = await opened({});
    for (let i = 0; i < 2; i++) loud.ws.send('x'.repeat(10_000), { fin: false });
    expect((await loud.closed)[0]).toBe(1006);
    expect(rig.visitors.limits.limitsHit.get('bytesPreAuth')).toBe(1);
  });

  it('[WSJ-4] what comes behind the first frame is answered when it is known who it is', async () => {
    const client = await opened({});
    client.send({ type: 'auth', payload: { token: await rig.token() } });
    client.send({ type: 'ping', payload: 1 });
    client.send({ type: 'ping', payload: 2 });
    expect((await client.take('pong')).payload).toBe(1);
    expect((await client.take('pong')).payload).toBe(2);
  });
});

describe('places', () => {
  it('[WSJ-5] [S003-8] [S003-21] a door that is full says so with 1008 after the upgrade', async () => {
    await rig.close();
    rig = await DoorRig.open({
      config: { wsConnectionsMax: 2, wsConnectionsPerUserMax: 1, wsConnectionsPerIpMax: 10 },
    });
    await rig.connect('ann');
    const again = await opened({ query: `?token=${await rig.token('ann')}` });
    expect(await again.closed).toEqual([1008, 'Too many connections']);
    const ben = await rig.connect('ben');
    const third = await opened({ query: `?token=${await rig.token('cat')}` });
    expect(await third.closed).toEqual([1008, 'Server at capacity']);
    ben.ws.close();
    await ben.closed;
    await rig.connect('cat');
  });

  it('[WSJ-1] other paths are 404, and what holds for every WebSocket holds here', async () => {
    expect(await rig.shake({ path: '/ws/' })).toBe(404);
    rig.isReady = false;
    expect(await rig.shake({ query: `?token=${await rig.token()}` })).toBe(503);
  });

  it('[WSJ-12] a resume of another form is 400', async () => {
    for (const resume of ['x', 'topic@', 'topic@e:-1', 'topic@e:99999999999999999'])
      expect(await rig.shake({ query: `?token=${await rig.token()}&resume=${resume}` })).toBe(400);
  });
});

describe('the welcome', () => {
  it('[WSJ-6] [S003-10] is the first frame', async () => {
    const client = await opened({ query: `?token=${await rig.token()}` });
    await client.take('subscribed');
    const [first] = client.received;
    expect(first).toEqual({
      type: 'system',
      payload: {
        message: 'Connected',
        connection_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        user_id: 'ann',
        tenant_id: 'acme',
      },
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('[WSJ-42] [S003-9] [S003-22] operators see who is connected, and nothing is left of who has gone', async () => {
    const client = await rig.connect('ann');
    const other = await rig.connect('ben', { tenant_id: 'initech' });
    expect(rig.door.figures()).toMatchObject({ connections: 2, users: 2, tenants: 2, joined: 8 });
    expect(rig.door.list(10)[0]).toMatchObject({
      user: 'ann',
      tenant: 'acme',
      topics: expect.arrayContaining(['tenant/acme']),
    });
    expect(rig.hub.stats()).toMatchObject({ topics: 6, subscriptions: 8 });
    for (const { ws, closed } of [client, other]) {
      ws.close();
      await closed;
    }
    while (rig.door.figures().connections > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(rig.door.figures()).toMatchObject({ connections: 0, users: 0, tenants: 0, joined: 0 });
    expect(rig.hub.stats()).toMatchObject({ topics: 0, subscriptions: 0 });
  });
});
