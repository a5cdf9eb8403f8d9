import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import type { SharedMessage, TopicMessage } from './ports.js';
import { SERVER_PRINCIPAL } from './serverPrincipal.js';
import { HubRig, Listener, principal } from './testing/HubRig.js';

const data = (messages: readonly TopicMessage[]): unknown[] => messages.map((message) => message.data);

describe('a topic', () => {
  it('[HUB-1] without a log: everybody but the sender hears it, in the turn of the call', () => {
    const rig = new HubRig();
    const [ann, ben, cat] = [new Listener('ann'), new Listener('ben'), new Listener('cat')];
    for (const listener of [ann, ben, cat]) void rig.hub.subscribe('news', listener);
    void rig.hub.publish('news', 'hi', ann.principal, { by: ann, name: 'greeting', id: 'm1' });
    expect([ann.heard, cat.heard.length]).toEqual([[], 1]);
    expect(ben.heard).toEqual([
      {
        topic: 'news',
        id: 'm1',
        name: 'greeting',
        data: 'hi',
        from: 'ann',
        node: 'node-1',
        ts: rig.now,
        epoch: '',
        offset: 0,
      },
    ]);
  });

  it('[HUB-1] a subscriber that breaks is not taken for a refusal', () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    void rig.hub.subscribe('news', ann);
    ann.deliver = () => {
      throw new Error('broken');
    };
    expect(() => rig.hub.publish('news', 1, principal('ben'))).toThrow('broken');
  });

  it('[HUB-1] says that nothing of it is kept', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    expect(await rig.hub.subscribe('news', ann)).toEqual({
      recovered: true,
      position: { epoch: '', offset: 0 },
    });
    expect(await rig.hub.subscribe('news', ann, { since: { epoch: 'e', offset: 7 } })).toMatchObject({
      recovered: false,
    });
    expect(await rig.hub.subscribe('news', ann, { since: { epoch: '', offset: 0 } })).toMatchObject({
      recovered: false,
    });
    rig.say('news', 'hi');
    expect(data(ann.heard)).toEqual(['hi']);
    expect(await rig.hub.history('news', ann.principal, undefined, 10)).toMatchObject({ messages: [] });
    expect([rig.hub.isLogged('news'), rig.hub.isLogged('room/1')]).toEqual([false, true]);
  });

  it('[HUB-1] two subscribers: one that leaves does not take the other with it', () => {
    const rig = new HubRig();
    const [ann, ben] = [new Listener('ann'), new Listener('ben')];
    void rig.hub.subscribe('news', ann);
    void rig.hub.subscribe('news', ben);
    rig.hub.unsubscribe('news', ann);
    rig.hub.unsubscribe('news', ann);
    rig.say('news', 1);
    expect([ann.heard.length, ben.heard.length]).toEqual([0, 1]);
    expect(rig.listened).toEqual(['+news']);
    rig.hub.unsubscribe('news', ben);
    expect(rig.listened).toEqual(['+news', '-news']);
    expect(rig.hub.stats()).toMatchObject({ topics: 0, subscriptions: 0 });
  });

  it('[HUB-1] one that subscribes again hears once, the way it said last', () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    void rig.hub.subscribe('news', ann);
    void rig.hub.subscribe('news', ann, { echo: true });
    rig.say('news', 1);
    void rig.hub.publish('news', 2, ann.principal, { by: ann });
    expect(data(ann.heard)).toEqual([1, 2]);
    expect(rig.hub.stats()).toMatchObject({ topics: 1, subscriptions: 1 });
  });

  it('[HUB-3] a message is encoded once per form for all who see it alike', () => {
    const rig = new HubRig({ policies: MASKED });
    const encodings: unknown[] = [];
    const encode = (shared: SharedMessage): Buffer =>
      shared.encoded('json', (message) => {
        encodings.push(message.data);
        return Buffer.from(JSON.stringify(message.data));
      });
    const bytes: string[] = [];
    for (const [sub, role] of [
      ['ann', 'user'],
      ['ben', 'user'],
      ['gil', 'guest'],
      ['gus', 'guest'],
    ] as const) {
      const listener = new Listener(sub, [role]);
      listener.deliver = (shared) => bytes.push(encode(shared).toString());
      void rig.hub.subscribe('news', listener);
    }
    rig.say('news', { text: 'hi', by: 'SECRET' });
    expect(encodings).toEqual([{ text: 'hi', by: 'SECRET' }, { text: 'hi' }]);
    expect(bytes.filter((line) => !line.includes('SECRET'))).toEqual(['{"text":"hi"}', '{"text":"hi"}']);
  });
});

const MASKED: readonly Policy[] = [
  { role: 'user', map: 'topic:**', actions: ['READ', 'PUT'] },
  {
    role: 'guest',
    map: 'topic:news',
    actions: ['READ'],
    fields: ['text'],
  },
  { role: 'guest', map: 'topic:room/1', actions: ['READ'], where: { op: 'eq', path: 'open', value: true } },
];

describe('rights', () => {
  it('[HUB-3] nobody hears without READ or speaks without PUT, and operators are told who tried', async () => {
    const rig = new HubRig({ policies: MASKED });
    const gil = new Listener('gil', ['guest']);
    await expect(rig.hub.subscribe('staff', gil)).rejects.toMatchObject({ code: 'TOPIC_DENIED' });
    await expect(rig.hub.publish('news', 1, gil.principal)).rejects.toMatchObject({ code: 'TOPIC_DENIED' });
    await expect(rig.hub.history('staff', gil.principal, undefined, 1)).rejects.toMatchObject({
      code: 'TOPIC_DENIED',
    });
    rig.say('staff', 'SECRET');
    expect(gil.heard).toEqual([]);
    expect(['staff', 'news', 'other'].map((topic) => rig.hub.mayHear(topic, gil.principal))).toEqual([
      false,
      true,
      false,
    ]);
    expect(rig.denials()).toEqual([
      ['PUT', 'topic:news'],
      ['READ', 'topic:staff'],
    ]);
    expect(rig.hub.stats()).toMatchObject({ topics: 0, published: 1 });
  });

  it('[HUB-3] the server itself hears and says what it likes', async () => {
    const rig = new HubRig({ policies: [] });
    const server = new Listener('');
    server.principal = SERVER_PRINCIPAL;
    await rig.hub.subscribe('staff', server);
    await rig.hub.publish('staff', 'hi', SERVER_PRINCIPAL);
    expect(server.heard).toMatchObject([{ data: 'hi', from: '' }]);
    await expect(rig.hub.publish('staff', 1, { ...SERVER_PRINCIPAL })).rejects.toMatchObject({
      code: 'TOPIC_DENIED',
    });
  });

  it('[HUB-3] what the log holds goes through the view as well', async () => {
    const rig = new HubRig({ policies: MASKED });
    const gil = new Listener('gil', ['guest']);
    for (const open of [true, false, true]) await rig.publish('room/1', { open });
    expect(await rig.finish(rig.hub.subscribe('room/1', gil, { history: 10 }))).toMatchObject({
      position: { offset: 3 },
    });
    const { messages } = await rig.finish(rig.hub.history('room/1', gil.principal, undefined, 10));
    expect([data(gil.heard), data(messages)]).toEqual([
      [{ open: true }, { open: true }],
      [{ open: true }, { open: true }],
    ]);
  });

  it('[HUB-3] other policies hold for subscriptions at once, also for those whose history is being read', async () => {
    const rig = new HubRig({ policies: MASKED });
    const [gil, gus] = [new Listener('gil', ['guest']), new Listener('gus', ['guest'])];
    await rig.publish('room/1', { open: true, n: 1 });
    void rig.hub.subscribe('news', gil);
    const late = rig.hub.subscribe('room/1', gil, { history: 1 });
    rig.setPolicies([{ role: 'user', map: '**', actions: ['READ', 'PUT'] }, ...OPEN_NEWS]);
    await rig.finish(late);
    rig.say('news', { text: 'hi', by: 'ben' });
    expect(data(gil.heard)).toEqual([{ text: 'hi', by: 'ben' }]);
    expect(gil.ends).toEqual([['room/1', 'DENIED']]);
    void rig.hub.subscribe('news', gus);
    rig.setPolicies([{ role: 'user', map: '**', actions: ['READ', 'PUT'] }]);
    rig.say('news', 'SECRET');
    expect([gil.heard.length, gus.heard.length, gus.ends]).toEqual([1, 0, [['news', 'DENIED']]]);
  });

  it('[HUB-3] a subscriber that has become somebody else hears what that one may', () => {
    const rig = new HubRig({ policies: MASKED });
    const ann = new Listener('ann', ['user']);
    void rig.hub.subscribe('news', ann);
    void rig.hub.subscribe('staff', ann);
    ann.principal = principal('ann', ['guest']);
    rig.hub.review(ann);
    rig.say('news', { text: 'hi', by: 'SECRET' });
    expect([data(ann.heard), ann.ends]).toEqual([[{ text: 'hi' }], [['staff', 'DENIED']]]);
  });
});

const OPEN_NEWS: readonly Policy[] = [{ role: 'guest', map: 'topic:news', actions: ['READ'] }];

describe('a topic with a log', () => {
  it('[HUB-4] a resumed subscriber hears what it missed, then live, each once', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    const first = await rig.publish('room/1', 1);
    await rig.publish('room/1', 2);
    const subscribing = rig.hub.subscribe('room/1', ann, { since: first });
    // In the log before it is read, and heard live before that is answered.
    await rig.publish('room/1', 3);
    expect(await rig.finish(subscribing)).toEqual({ recovered: true, position: { epoch: 'e1', offset: 3 } });
    await rig.publish('room/1', 4);
    expect(data(ann.heard)).toEqual([2, 3, 4]);
  });

  it('[HUB-4] of a place that the log does not know all that is held is told, and that it is not all', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    await rig.publish('room/1', 1);
    const answer = rig.hub.subscribe('room/1', ann, { since: { epoch: 'e0', offset: 9 } });
    expect(await rig.finish(answer)).toEqual({ recovered: false, position: { epoch: 'e1', offset: 1 } });
    expect(data(ann.heard)).toEqual([1]);
  });

  it('[HUB-4] the last messages first, where they were asked for', async () => {
    const rig = new HubRig();
    const [ann, ben] = [new Listener('ann'), new Listener('ben')];
    for (const n of [1, 2, 3]) await rig.publish('room/1', n);
    await rig.finish(rig.hub.subscribe('room/1', ann, { history: 2 }));
    await rig.finish(rig.hub.subscribe('room/1', ben));
    await rig.publish('room/1', 4);
    expect([data(ann.heard), data(ben.heard)]).toEqual([[2, 3, 4], [4]]);
  });

  it('[HUB-4] nothing is told after unsubscribing, also where the history was being read', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    await rig.publish('room/1', 1);
    const subscribing = rig.hub.subscribe('room/1', ann, { history: 5 });
    await rig.publish('room/1', 2);
    rig.hub.unsubscribe('room/1', ann);
    await rig.finish(subscribing);
    await rig.publish('room/1', 3);
    expect([ann.heard, rig.hub.stats().subscriptions]).toEqual([[], 0]);
  });

  it('[HUB-4] a subscription that takes the place of one whose history is read is told alone', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    for (const n of [1, 2]) await rig.publish('room/1', n);
    const old = rig.hub.subscribe('room/1', ann, { history: 2 });
    const next = rig.hub.subscribe('room/1', ann, { history: 1 });
    await rig.finish(Promise.all([old, next]));
    await rig.publish('room/1', 3);
    expect(data(ann.heard)).toEqual([2, 3]);
  });

  it('[HUB-4] a history that cannot be read is no subscription', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    rig.log.readFault = new Error('disk');
    await expect(rig.finish(rig.hub.subscribe('room/1', ann))).rejects.toThrow('disk');
    await rig.publish('room/1', 1);
    expect([ann.heard, rig.hub.stats().topics]).toEqual([[], 0]);
  });

  it('[HUB-5] more than can be held while the history is read is read again: nothing is missing', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    const first = await rig.publish('room/1', 0);
    const subscribing = rig.hub.subscribe('room/1', ann, { since: first });
    for (let n = 1; n <= 1_000; n++) await rig.publish('room/1', n);
    expect(await rig.finish(subscribing)).toMatchObject({ recovered: true });
    await rig.publish('room/1', 1_001);
    expect(data(ann.heard)).toEqual(Array.from({ length: 1_001 }, (_, n) => n + 1));
  });

  it('[HUB-5] a long history waits between its pages for a subscriber that takes no more', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    const first = await rig.publish('room/1', 0);
    for (let n = 1; n <= 300; n++) await rig.publish('room/1', n);
    let go = (): void => undefined;
    ann.ready = () =>
      new Promise((resolve) => {
        go = resolve;
      });
    const subscribing = rig.hub.subscribe('room/1', ann, { since: first });
    await rig.settle();
    expect(ann.heard).toHaveLength(256);
    go();
    await rig.finish(subscribing);
    expect(ann.heard).toHaveLength(300);
  });

  it('[HUB-5] a message that has no place yet is told, and no place is forgotten for it', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    const first = await rig.publish('room/1', 1);
    const subscribing = rig.hub.subscribe('room/1', ann, { since: { epoch: 'e1', offset: 0 } });
    rig.hub.message({ ...first, id: 'placeless', data: 2, epoch: '', offset: 0 });
    expect(await rig.finish(subscribing)).toMatchObject({ position: { epoch: 'e1', offset: 1 } });
    rig.hub.message({ ...first, id: 'placeless too', data: 3, epoch: '', offset: 0 });
    rig.hub.message(first);
    expect(data(ann.heard)).toEqual([1, 2, 3]);
  });

  it('[HUB-5] subscribers are told when messages are lost, and go on', async () => {
    const rig = new HubRig();
    const [ann, ben] = [new Listener('ann'), new Listener('ben')];
    await rig.finish(rig.hub.subscribe('room/1', ann));
    const late = rig.hub.subscribe('room/1', ben);
    rig.hub.lost('room/1');
    expect(await rig.finish(late)).toMatchObject({ recovered: false });
    await rig.publish('room/1', 1);
    expect([ann.losses, data(ann.heard), data(ben.heard)]).toEqual([['room/1'], [1], [1]]);
  });

  it('[HUB-4] its own messages do not come back to a subscriber, neither live nor out of the log', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    const subscribing = rig.hub.subscribe('room/1', ann, { since: { epoch: 'e1', offset: 0 } });
    await rig.finish(rig.hub.publish('room/1', 'mine', ann.principal, { by: ann }));
    await rig.publish('room/1', 'not mine');
    await rig.finish(subscribing);
    await rig.finish(rig.hub.publish('room/1', 'mine', ann.principal, { by: ann }));
    expect(data(ann.heard)).toEqual(['not mine']);
  });

  it('[HUB-6] an id that comes again is the message that it was', async () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    await rig.finish(rig.hub.subscribe('room/1', ann));
    void rig.hub.subscribe('news', ann);
    const [one, other] = await rig.finish(
      Promise.all([1, 2].map((n) => rig.hub.publish('room/1', n, principal('ben'), { id: 'a' }))),
    );
    void rig.hub.publish('news', 3, principal('ben'), { id: 'a' });
    void rig.hub.publish('news', 4, principal('ben'), { id: 'a' });
    expect([one?.offset, other?.offset, data(ann.heard)]).toEqual([1, 1, [1, 3]]);
    rig.now += 120_000;
    expect(await rig.publish('room/1', 5, { id: 'a' })).toMatchObject({ offset: 2 });
  });

  it('[HUB-6] an id that was refused may come again', async () => {
    const rig = new HubRig();
    rig.log.appendFault = new Error('disk');
    await expect(rig.publish('room/1', 1, { id: 'a' })).rejects.toThrow('disk');
    rig.log.appendFault = undefined;
    expect(await rig.publish('room/1', 1, { id: 'a' })).toMatchObject({ offset: 1 });
  });

  it('[HUB-7] a message is kept as long as its namespace says, or shorter', async () => {
    const rig = new HubRig();
    const minutes = 5 * 60_000;
    expect((await rig.publish('room/1', 1)).expiresMs).toBe(rig.now + minutes);
    expect((await rig.publish('room/1', 1, { ttlMs: 1_000 })).expiresMs).toBe(rig.now + 1_000);
    expect((await rig.publish('room/1', 1, { ttlMs: minutes + 1 })).expiresMs).toBe(rig.now + minutes);
  });

  it('[HUB-8] what is no topic, name, id or data is refused', async () => {
    const { hub } = new HubRig();
    const ann = new Listener('ann');
    const bad: Promise<unknown>[] = [
      hub.subscribe('', ann),
      hub.subscribe('t'.repeat(257), ann),
      hub.subscribe('\ud800', ann),
      hub.history('', ann.principal, undefined, 1),
      hub.publish('', 1, ann.principal),
      hub.publish('t', 1, ann.principal, { name: 'n'.repeat(65) }),
      hub.publish('t', 1, ann.principal, { name: 'a\nb' }),
      hub.publish('t', 1, ann.principal, { id: 'a b' }),
      hub.publish('t', 1, ann.principal, { id: '' }),
      hub.publish('t', 1, ann.principal, { ttlMs: 0 }),
      hub.publish('t', 1, ann.principal, { from: '\ud800' }),
      hub.publish('t', JSON.parse('{"__proto__":1}'), ann.principal),
    ];
    for (const { status, reason } of (await Promise.allSettled(bad)) as PromiseRejectedResult[])
      expect([status, reason?.code]).toEqual(['rejected', 'TOPIC_INVALID']);
    expect(hub.stats()).toMatchObject({ topics: 0, published: 0 });
  });

  it('[HUB-1] a hub that closes tells everybody', () => {
    const rig = new HubRig();
    const ann = new Listener('ann');
    void rig.hub.subscribe('news', ann);
    rig.hub.close();
    rig.say('news', 1);
    expect([ann.ends, ann.heard]).toEqual([[['news', 'CLOSED']], []]);
  });
});
