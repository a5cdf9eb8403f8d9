import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROTOCOL_VERSION } from '@topgun/protocol';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestDevice } from '../engine/testing/TestDevice.js';
import { TestNode } from '../engine/testing/TestNode.js';
import { SecurityManager, type SecuritySettings } from './SecurityManager.js';

/**
 * A node, real tokens and real keys on one injected clock: what happens to a session that lives when its token, its key or
 * its policies change.
 */
const secrets = ['k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe', 'zX8cV5bN2mA9sD6fG3hJ0kL7qW4eR1tY'] as const;
const policies = [{ role: 'user', map: 'todos', actions: ['READ', 'PUT'] as const }];
let folder: string;
let settings: SecuritySettings;
let node: TestNode;
let security: SecurityManager;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-live-'));
  settings = { host: '0.0.0.0', dev: false, jwtSecretFile: join(folder, 'secret') };
  await writeFile(join(folder, 'secret'), secrets[0]);
  node = new TestNode({ policies });
  security = await SecurityManager.create(settings);
});
afterEach(() => rm(folder, { recursive: true }));

async function tokenOf(
  sub: string,
  lifeMs: number,
  claims: Record<string, unknown> = {},
  secret: string = secrets[0],
): Promise<string> {
  const nowS = Math.floor(node.now / 1000);
  const times = { iat: nowS, exp: Math.floor((node.now + lifeMs) / 1000) };
  return new SignJWT({ sub, iss: 'topgun', aud: 'topgun', roles: ['user'], ...times, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}

/** Sends AUTH, and has the token checked as the host does. */
async function auth(device: TestDevice, token: string): Promise<void> {
  const { clientId, session } = device;
  const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
  device.send({ type: 'AUTH', versions, clientId, sessions: [session], token });
  for (const asked of node.verifying.splice(0))
    node.engine.verified(asked.conn, await security.verify(asked.token, node.now), node.now);
}

/** A device with a map and a query open. */
async function live(sub: string, token: string): Promise<TestDevice> {
  const device = node.stranger(sub);
  await auth(device, token);
  device.syncInit('todos');
  device.send({ type: 'QUERY_SUB', query: 'q', map: 'todos' });
  expect(device.errors).toEqual([]);
  return device;
}

const judge = (): void =>
  node.engine.judgeTokens((principal) => security.objectionTo(principal, node.now), node.now);

function pass(ms: number, ...devices: readonly TestDevice[]): void {
  for (let left = ms; left > 0; left -= 1_000) {
    node.pass(Math.min(1_000, left));
    for (const device of devices) if (!node.closed.has(device.conn)) device.send({ type: 'PING', id: 1 });
  }
}

/** Whether what another one writes reaches a device by map and by query. */
async function hears(device: TestDevice): Promise<boolean> {
  const count = (): number => device.all('SERVER_EVENT').length + device.all('QUERY_UPDATE').length;
  const before = count();
  const writer = node.stranger('writer');
  await auth(writer, await tokenOf('writer', 60_000, {}, currentSecret));
  writer.put('todos', `k${node.now}-${before}`, 1);
  node.settle();
  return count() - before === 2;
}
let currentSecret: string = secrets[0];
beforeEach(() => {
  currentSecret = secrets[0];
});

describe('a live session', () => {
  it('[AUTH-30] ends 30 s after its token when nobody renews it', async () => {
    const ann = await live('ann', await tokenOf('ann', 120_000));
    pass(120_000, ann);
    expect([await hears(ann), ann.errors.includes('AUTH_EXPIRED')]).toEqual([true, true]);
    pass(29_999, ann);
    expect(node.closed.has(ann.conn)).toBe(false);
    pass(1, ann);
    expect(node.closed.get(ann.conn)).toBe(4401);
    expect(await hears(ann)).toBe(false);
  });

  it('[AUTH-31] goes on with a renewed token as if nothing had been, and ends with that one', async () => {
    const ann = await live('ann', await tokenOf('ann', 120_000));
    pass(110_000, ann);
    expect(ann.errors).toContain('AUTH_EXPIRED');
    await auth(ann, await tokenOf('ann', 300_000));
    const asked = ann.errors.length;
    pass(200_000, ann);
    expect([await hears(ann), ann.errors.length]).toEqual([true, asked]);
    pass(130_000, ann);
    expect(node.closed.get(ann.conn)).toBe(4401);
  });

  it('[AUTH-31] is not handed to another subject, nor kept by a token that has ended', async () => {
    const [ann, ben] = [
      await live('ann', await tokenOf('ann', 60_000)),
      await live('ben', await tokenOf('ben', 60_000)),
    ];
    await auth(ann, await tokenOf('eve', 60_000));
    expect(node.closed.get(ann.conn)).toBe(4403);
    await auth(ben, await tokenOf('ben', -1_000));
    expect(node.closed.get(ben.conn)).toBe(4401);
  });

  it('[AUTH-40] ends at once when its token is revoked, which does not come back; another token of the subject does', async () => {
    const token = await tokenOf('ann', 600_000, { jti: 'phone' });
    const [phone, laptop] = [await live('ann', token), await live('ann', await tokenOf('ann', 600_000))];
    await security.revocations.add({ jti: 'phone' }, node.now);
    judge();
    expect([node.closed.get(phone.conn), phone.errors]).toEqual([4401, ['AUTH_FAILED']]);
    expect(node.closed.has(laptop.conn)).toBe(false);
    const again = node.stranger('ann', { clientId: phone.clientId });
    await auth(again, token);
    expect(node.closed.get(again.conn)).toBe(4401);
    await auth(laptop, token);
    expect(node.closed.get(laptop.conn)).toBe(4401);
  });

  it('[AUTH-40] of a subject end together; a token issued later is good', async () => {
    const [phone, laptop, ben] = [
      await live('ann', await tokenOf('ann', 600_000)),
      await live('ann', await tokenOf('ann', 600_000)),
      await live('ben', await tokenOf('ben', 600_000)),
    ];
    pass(2_000, phone, laptop, ben);
    await security.revocations.add({ sub: 'ann' }, node.now);
    judge();
    expect([...node.closed]).toEqual([
      [phone.conn, 4401],
      [laptop.conn, 4401],
    ]);
    pass(1_000, ben);
    const again = node.stranger('ann', { clientId: phone.clientId });
    await auth(again, await tokenOf('ann', 600_000));
    expect(again.all('AUTH_ACK')).toHaveLength(1);
  });

  it('[AUTH-7] whose key is changed renews with the next key and loses nothing; one that cannot ends in 5 s', async () => {
    const [ann, ben] = [
      await live('ann', await tokenOf('ann', 600_000)),
      await live('ben', await tokenOf('ben', 600_000)),
    ];
    await writeFile(join(folder, 'secret'), secrets[1]);
    expect(security.keys.reload()).toBe(true);
    currentSecret = secrets[1];
    judge();
    expect([ann.errors, ben.errors]).toEqual([['AUTH_EXPIRED'], ['AUTH_EXPIRED']]);
    await auth(ann, await tokenOf('ann', 600_000, {}, secrets[1]));
    expect(await hears(ann)).toBe(true);
    pass(5_000, ann, ben);
    judge();
    expect([...node.closed]).toEqual([[ben.conn, 4401]]);
    pass(60_000, ann);
    expect([await hears(ann), ann.errors]).toEqual([true, ['AUTH_EXPIRED']]);
    // The old key is worth nothing any more.
    const late = node.stranger('ann', { clientId: ann.clientId });
    await auth(late, await tokenOf('ann', 600_000));
    expect(node.closed.get(late.conn)).toBe(4401);
  });

  it('[AUTH-7] with the next key beside the present one nobody is even asked', async () => {
    await writeFile(join(folder, 'next'), secrets[1]);
    security = await SecurityManager.create({
      ...settings,
      keys: [{ kid: 'next', alg: 'HS256', secretFile: join(folder, 'next') }],
    });
    const ann = await live('ann', await tokenOf('ann', 600_000));
    judge();
    expect([ann.errors, await hears(ann)]).toEqual([[], true]);
  });
});
