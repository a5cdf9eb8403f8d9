import { LIMITS } from '@topgun/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { Listener } from '../testing/HubRig.js';
import { Presence } from './Presence.js';

const ROOM = 'room/1';

describe('presence of connections', () => {
  let now: number;
  let said: unknown[];
  let presence: Presence;

  beforeEach(() => {
    now = 1_800_000_000_000;
    said = [];
    presence = new Presence({
      topics: {
        publish: async (_, data) => {
          said.push(data);
          return {} as never;
        },
        history: async () => ({}) as never,
      },
      nodeId: 'a',
      wallMs: () => now,
      onFault: () => undefined,
    });
  });

  /** What was announced at the end of the turn. */
  const announced = async (): Promise<unknown[]> => {
    await new Promise((resolve) => setImmediate(resolve));
    return said.splice(0);
  };
  const later = (ms: number): void => {
    now += ms;
    presence.look();
  };

  it('[PRES-7] a state comes with its user, changes, and goes with its connection', async () => {
    const [phone, laptop] = [new Listener('ann'), new Listener('ann')];
    presence.entered(ROOM, 'ann', phone, { at: 'phone' });
    expect(await announced()).toEqual([{ node: 'a', joined: [['ann', now, { at: 'phone' }, now]] }]);
    const sinceMs = now;
    later(10);
    presence.entered(ROOM, 'ann', laptop, { at: 'laptop' });
    expect(await announced()).toEqual([{ node: 'a', joined: [['ann', sinceMs, { at: 'laptop' }, now]] }]);
    presence.said(ROOM, 'ann', laptop, { at: 'laptop' });
    expect(await announced()).toEqual([]);
    presence.left(ROOM, 'ann', laptop);
    expect(await announced()).toEqual([{ node: 'a', joined: [['ann', sinceMs, { at: 'phone' }, sinceMs]] }]);
    presence.said(ROOM, 'ann', phone, undefined);
    expect(await announced()).toEqual([{ node: 'a', joined: [['ann', sinceMs]] }]);
    presence.left(ROOM, 'ann', phone);
    expect(await announced()).toEqual([{ node: 'a', left: ['ann'] }]);
  });

  it('[PRES-8] whoever leaves is gone at once; whose connection broke, a grace later', async () => {
    const [ann, ben] = [new Listener('ann'), new Listener('ben')];
    presence.entered(ROOM, 'ann', ann);
    presence.entered(ROOM, 'ben', ben);
    await announced();
    presence.left(ROOM, 'ann', ann, false);
    presence.left(ROOM, 'ben', ben, true);
    expect(await announced()).toEqual([{ node: 'a', left: ['ann'] }]);
    later(LIMITS.presenceGraceMs - 1);
    expect(await announced()).toEqual([]);
    later(1);
    expect(await announced()).toEqual([{ node: 'a', left: ['ben'] }]);
    later(LIMITS.presenceGraceMs);
    expect(await announced()).toEqual([]);
  });

  it('[PRES-8] who is back within the grace was never away; what the lost connection said of it is over', async () => {
    const [lost, back] = [new Listener('ann'), new Listener('ann')];
    presence.entered(ROOM, 'ann', lost, 'typing');
    await announced();
    presence.left(ROOM, 'ann', lost, true);
    later(LIMITS.presenceGraceMs - 1);
    presence.entered(ROOM, 'ann', back, 'typing');
    expect(await announced()).toEqual([]);
    later(LIMITS.presenceGraceMs);
    expect(await announced()).toEqual([]);
    presence.left(ROOM, 'ann', back, true);
    presence.entered(ROOM, 'ann', new Listener('ann'));
    expect(await announced()).toMatchObject([{ joined: [['ann', expect.any(Number)]] }]);
  });

  it('[PRES-8] one of several connections that breaks is not waited for', async () => {
    const [one, two] = [new Listener('ann'), new Listener('ann')];
    presence.entered(ROOM, 'ann', one);
    presence.entered(ROOM, 'ann', two);
    await announced();
    presence.left(ROOM, 'ann', one, true);
    presence.left(ROOM, 'ann', two, false);
    expect(await announced()).toEqual([{ node: 'a', left: ['ann'] }]);
  });

  it('[PRES-3] [PRES-7] those who are waited for, and states, are among what is said of all', async () => {
    const ann = new Listener('ann');
    presence.entered(ROOM, 'ann', ann, 'typing');
    await announced();
    presence.left(ROOM, 'ann', ann, true);
    await presence.sayAll();
    expect(await announced()).toEqual([{ node: 'a', all: true, joined: [['ann', now, 'typing', now]] }]);
  });

  it('[PRES-3] large states go out in parts that a subscriber can take', async () => {
    for (let i = 0; i < 400; i++)
      presence.entered(ROOM, `user ${i}`, new Listener(`user ${i}`), 'x'.repeat(1_000));
    const parts = (await announced()) as { joined: readonly unknown[] }[];
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.flatMap(({ joined }) => joined)).toHaveLength(400);
    for (const part of parts) expect(JSON.stringify(part).length).toBeLessThan(2 * LIMITS.topicPartBytes);
  });
});
