import fc from 'fast-check';
import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Delivery, outboxNames, type Subscription } from '../../engine/outbox/Delivery.js';
import { Dispatcher, TRY_AFTER_MS } from './Dispatcher.js';
import type { PostResult } from './ports.js';
import { drawSecret, signDelivery } from './signDelivery.js';

const secret = drawSecret();
const hook: Subscription = {
  id: 'h1',
  url: 'https://example.org/hook',
  maps: ['**'],
  topics: [],
  secrets: [{ secret }],
  by: { sub: 'root', roles: [], claims: {} },
  createdMs: 0,
};

interface Try {
  readonly atMs: number;
  readonly url: string;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  answer(result: PostResult): Promise<void>;
}

/** A world around the dispatcher: time that the test passes, receivers that answer when it says, a store that may crash. */
class World {
  nowMs = 1_800_000_000_000;
  readonly tries: Try[] = [];
  readonly counted: string[] = [];
  /** what is durable */
  readonly store = new Map<string, unknown>();
  /** what the next commit makes durable */
  #staged = new Map<string, unknown>();
  #timer: { readonly atMs: number; readonly run: () => void } | undefined;
  answers: ((atTry: number) => PostResult) | undefined;
  #life = 0;
  /** whether the deliveries are this node's to send */
  isOurs = true;
  dispatcher = this.#start();

  #start(): Dispatcher {
    const life = ++this.#life;
    return new Dispatcher({
      out: {
        post: (url, headers, body) =>
          new Promise((resolve) => {
            const made: Try = {
              ...{ atMs: this.nowMs, url, headers, body, id: headers['webhook-id'] ?? '' },
              answer: async (result) => {
                resolve(result);
                await settled();
              },
            };
            this.tries.push(made);
            if (this.answers !== undefined) resolve(this.answers(this.tries.length));
          }),
      },
      wallMs: () => this.nowMs,
      isOurs: () => this.isOurs,
      arm: (delayMs, run) => {
        const timer = { atMs: this.nowMs + delayMs, run };
        this.#timer = timer;
        return () => {
          if (this.#timer === timer) this.#timer = undefined;
        };
      },
      stage: (name, value) => {
        if (life === this.#life) this.#staged.set(name, value);
      },
      count: (outcome) => this.counted.push(outcome),
    });
  }

  /** Makes what is staged durable, until nothing is. */
  async commit(): Promise<void> {
    await settled();
    while (this.#staged.size > 0) {
      const facts = this.#staged;
      this.#staged = new Map();
      for (const [name, value] of facts) {
        if (value === null) this.store.delete(name);
        else this.store.set(name, value);
      }
      this.dispatcher.stored(facts);
      await settled();
    }
  }

  async put(...facts: readonly (Subscription | Delivery)[]): Promise<void> {
    for (const fact of facts)
      this.#staged.set(
        'url' in fact ? outboxNames.subscription(fact.id) : outboxNames.delivery(fact.id),
        fact,
      );
    await this.commit();
  }

  async drop(name: string): Promise<void> {
    this.#staged.set(name, null);
    await this.commit();
  }

  /** Lets time pass; what falls due happens when it does. */
  async pass(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    while (this.#timer !== undefined && this.#timer.atMs <= end) {
      const { atMs, run } = this.#timer;
      this.#timer = undefined;
      this.nowMs = Math.max(this.nowMs, atMs);
      run();
      await this.commit();
    }
    this.nowMs = end;
  }

  /** The process dies with what is not durable, and another one begins with what is. */
  async crash(): Promise<void> {
    this.dispatcher.stop();
    this.#staged.clear();
    this.#timer = undefined;
    this.dispatcher = this.#start();
    this.dispatcher.stored(this.store);
    await this.commit();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const delivery = (id: string, part: Partial<Delivery> = {}): Delivery => ({
  ...{ id, to: 'h1', body: `{"of":"${id}"}`, atMs: 0, tries: 0, dueMs: 0 },
  ...part,
});

let world: World;
beforeEach(async () => {
  world = new World();
  await world.put(hook);
});

describe('the dispatcher', () => {
  it('[HOOK-31] [HOOK-33] [S003-34] tries ten times after the pauses of the schedule, with one id, and gives up', async () => {
    world.answers = (n) => (n % 2 === 0 ? { status: 500 } : { fault: 'ECONNREFUSED' });
    const begun = world.nowMs;
    await world.put(delivery('m1'));
    await world.pass(365 * 24 * 3_600_000);
    const s = 1_000;
    const h = 3_600 * s;
    const pauses = [0, 5 * s, 300 * s, 1_800 * s, 2 * h, 5 * h, 10 * h, 14 * h, 20 * h, 24 * h];
    let at = begun;
    expect(world.tries.map(({ atMs }) => atMs)).toEqual(pauses.map((pause) => (at += pause)));
    expect(new Set(world.tries.map(({ id }) => id))).toEqual(new Set(['m1']));
    expect(world.dispatcher.dead()).toEqual([
      delivery('m1', { tries: 10, fault: 'answered 500', deadMs: at, dueMs: at }),
    ]);
    expect(world.counted).toEqual([...Array(10).fill('failed'), 'dead']);
  });

  it('[HOOK-33] [CLU-25] what a node is told again, while it tries or after it was taken, is sent once', async () => {
    await world.put(delivery('m1'));
    const again = [[outboxNames.delivery('m1'), delivery('m1')]] as const;
    world.dispatcher.stored(again);
    await world.tries[0]?.answer({ status: 200 });
    world.dispatcher.stored(again);
    await world.commit();
    world.dispatcher.stored(again);
    world.dispatcher.stored([[outboxNames.delivery('m1'), null]]);
    await world.pass(24 * 3_600_000);
    expect([world.tries.length, world.dispatcher.waiting]).toEqual([1, 0]);
  });

  it('[HOOK-33] [CLU-26] what another node has sent is not sent by the one that takes its place', async () => {
    world.isOurs = false;
    await world.put(delivery('m1'), delivery('m2'), delivery('m3', { dueMs: world.nowMs + 1_000 }));
    await world.drop(outboxNames.delivery('m1'));
    await world.put(delivery('m3', { tries: 1, dueMs: world.nowMs + 5_000 }));
    expect(world.tries).toEqual([]);
    expect(world.dispatcher.waitingOf('h1')).toBe(2);
    world.isOurs = true;
    world.answers = () => ({ status: 200 });
    world.dispatcher.stored([]);
    await world.commit();
    await world.pass(10_000);
    expect(world.tries.map(({ id }) => id)).toEqual(['m2', 'm3']);
  });

  it.each([200, 201, 204, 299])(
    '[HOOK-31] %i is success, and it goes when that is durable',
    async (status) => {
      world.answers = () => ({ status });
      await world.put(delivery('m1'));
      await world.pass(24 * 3_600_000);
      expect([world.tries.length, world.store.size, world.dispatcher.waiting]).toEqual([1, 1, 0]);
    },
  );

  it.each([199, 301, 302, 307, 308, 400, 404, 429, 500])(
    '[HOOK-31] [HOOK-34] %i is a failure',
    async (status) => {
      world.answers = () => ({ status });
      await world.put(delivery('m1'));
      await world.pass(5_000);
      expect(world.tries).toHaveLength(2);
    },
  );

  it('[HOOK-33] a process that ends between success and its commit tries again, with the same id', async () => {
    await world.put(delivery('m1'));
    await world.tries[0]?.answer({ status: 200 });
    await world.crash();
    expect(world.tries.map(({ id }) => id)).toEqual(['m1', 'm1']);
    await world.tries[1]?.answer({ status: 200 });
    await world.commit();
    await world.crash();
    expect([world.tries.length, world.dispatcher.waiting]).toEqual([2, 0]);
  });

  it('[HOOK-33] tries that have failed are not forgotten by a restart, nor when the next one is due', async () => {
    world.answers = () => ({ status: 503 });
    await world.put(delivery('m1'));
    await world.pass(5_000);
    await world.crash();
    expect(world.tries).toHaveLength(2);
    await world.pass(299_999);
    expect(world.tries).toHaveLength(2);
    await world.pass(1);
    expect(world.tries).toHaveLength(3);
  });

  it('[HOOK-33] whatever is answered and whenever the process ends, each is delivered or a dead letter', async () => {
    const event = fc.constantFrom('ok', 'fail', 'crash', 'commit', 'pass');
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
        const run = new World();
        await run.put(hook);
        const ids = ['a', 'b', 'c'];
        await run.put(...ids.map((id) => delivery(id)));
        const delivered = new Set<string>();
        let answered = 0;
        const answer = async (result: PostResult): Promise<void> => {
          const made = run.tries[answered];
          if (made === undefined) return;
          answered++;
          if ('status' in result && result.status === 200) delivered.add(made.id);
          await made.answer(result);
        };
        for (const what of events) {
          if (what === 'ok') await answer({ status: 200 });
          else if (what === 'fail') await answer({ status: 500 });
          else if (what === 'commit') await run.commit();
          else if (what === 'pass') await run.pass(3_600_000);
          else {
            answered = run.tries.length;
            await run.crash();
          }
        }
        await run.commit();
        // From now on the receiver is well.
        for (let turn = 0; turn < 100 && run.dispatcher.waiting > 0; turn++) {
          while (answered < run.tries.length) await answer({ status: 200 });
          await run.commit();
          await run.pass(24 * 3_600_000);
        }
        const dead = run.dispatcher.dead().map(({ id }) => id);
        expect([...delivered, ...dead].filter((id, at, all) => all.indexOf(id) === at).sort()).toEqual(ids);
        expect(run.dispatcher.waiting).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('[HOOK-32] 410 ends the telling: what waits becomes dead letters, and others are not touched', async () => {
    await world.put({ ...hook, id: 'h2' });
    await world.put(
      delivery('m1'),
      delivery('m2', { dueMs: world.nowMs + 60_000 }),
      delivery('n1', { to: 'h2' }),
    );
    await world.tries.find(({ id }) => id === 'm1')?.answer({ status: 410 });
    await world.commit();
    expect(world.dispatcher.subscriptions.get('h1')?.goneMs).toBe(world.nowMs);
    expect(world.dispatcher.dead().map(({ id, fault }) => [id, fault])).toEqual([
      ['m1', 'answered 410'],
      ['m2', 'GONE'],
    ]);
    await world.put(delivery('m3'));
    expect(world.dispatcher.dead()).toHaveLength(3);
    expect(world.dispatcher.waitingOf('h2')).toBe(1);
    // Enabled again, and replayed.
    await world.put(hook);
    world.answers = () => ({ status: 200 });
    world.dispatcher.replay('m2');
    await world.commit();
    expect(world.tries.at(-1)?.id).toBe('m2');
    expect(world.dispatcher.dead().map(({ id }) => id)).toEqual(['m1', 'm3']);
  });

  it('[HOOK-37] a dead letter is sent again with its id and the whole schedule; others cannot be', async () => {
    world.answers = () => ({ status: 500 });
    await world.put(delivery('m1', { tries: 9 }), delivery('m2', { dueMs: Number.MAX_SAFE_INTEGER }));
    expect(world.dispatcher.dead()).toHaveLength(1);
    expect([world.dispatcher.replay('m2'), world.dispatcher.replay('none')]).toEqual([undefined, undefined]);
    expect(world.dispatcher.replay('m1')).toEqual(delivery('m1', { dueMs: world.nowMs }));
    await world.commit();
    await world.pass(TRY_AFTER_MS.reduce((sum, ms) => sum + ms));
    expect(world.tries.filter(({ id }) => id === 'm1')).toHaveLength(11);
    expect(world.dispatcher.dead()).toMatchObject([{ id: 'm1', tries: 10 }]);
  });

  it('[HOOK-37] the oldest dead letters go when there are more than may be', async () => {
    const dead = Array.from({ length: 1_003 }, (_, i) => delivery(`m${i}`, { tries: 10, deadMs: 1_003 - i }));
    await world.put(...dead);
    expect(world.dispatcher.deadCount).toBe(1_000);
    expect(world.dispatcher.dead()[0]).toMatchObject({ id: 'm999', deadMs: 4 });
    expect(world.store.size).toBe(1_001);
  });

  it('[HOOK-36] 8 tries of one subscription are under way, 64 of all, and the next begins when one ends', async () => {
    const many = Array.from({ length: 12 }, (_, i) => ({ ...hook, id: `h${i}` }));
    await world.put(...many);
    await world.put(
      ...many.flatMap(({ id: to }) => Array.from({ length: 10 }, (_, i) => delivery(`${to}-${i}`, { to }))),
    );
    expect(world.tries).toHaveLength(64);
    const byUrl = new Map<string, number>();
    for (const { id } of world.tries) {
      const [to = ''] = id.split('-');
      byUrl.set(to, (byUrl.get(to) ?? 0) + 1);
    }
    expect(Math.max(...byUrl.values())).toBe(8);
    await world.tries[0]?.answer({ status: 200 });
    expect(world.tries).toHaveLength(65);
    world.answers = () => ({ status: 200 });
    for (const made of [...world.tries]) await made.answer({ status: 200 });
    await world.commit();
    expect(new Set(world.tries.map(({ id }) => id)).size).toBe(120);
    expect(world.dispatcher.waiting).toBe(0);
  });

  it('[HOOK-20] a subscription that ends takes its deliveries along, also one whose try is under way', async () => {
    await world.put(
      delivery('m1'),
      delivery('m2', { dueMs: world.nowMs + 1 }),
      delivery('m3', { deadMs: 1 }),
    );
    await world.drop(outboxNames.subscription('h1'));
    await world.tries[0]?.answer({ status: 500 });
    await world.commit();
    expect(world.store.size).toBe(0);
    await world.pass(24 * 3_600_000);
    expect(world.tries).toHaveLength(1);
  });
});

describe('the signature of a delivery', () => {
  it('[HOOK-30] `standardwebhooks` and `svix` believe it, and nothing that was changed on the way', async () => {
    vi.useFakeTimers({ now: world.nowMs, toFake: ['Date'] });
    try {
      await world.put(delivery('m1', { body: '{"type":"record.put","data":{"text":"grün"}}' }));
      const [made] = world.tries as [Try];
      for (const receiver of [new Standard(secret), new Svix(secret)]) {
        expect(receiver.verify(made.body, { ...made.headers })).toEqual(JSON.parse(made.body));
        expect(() => receiver.verify(made.body.replace('grün', 'grau'), { ...made.headers })).toThrow();
        for (const [name, value] of [
          ['webhook-id', 'm2'],
          ['webhook-timestamp', String(world.nowMs / 1000 + 1)],
          ['webhook-signature', `v1,${Buffer.alloc(32).toString('base64')}`],
        ] as const)
          expect(() => receiver.verify(made.body, { ...made.headers, [name]: value })).toThrow();
      }
      for (const other of [new Standard(drawSecret()), new Svix(drawSecret())])
        expect(() => other.verify(made.body, { ...made.headers })).toThrow();
    } finally {
      vi.useRealTimers();
    }
  });

  it('[HOOK-30] after a rotation both secrets sign, until the time of the old one is up', () => {
    const [fresh, old] = [drawSecret(), drawSecret()];
    const nowMs = Date.now();
    const secrets = [{ secret: fresh }, { secret: old, untilMs: nowMs }];
    const sign = (atMs: number): Record<string, string> => signDelivery(delivery('m1'), secrets, atMs);
    const believes = (key: string, headers: Record<string, string>): boolean => {
      try {
        new Standard(key).verify(delivery('m1').body, headers);
        return true;
      } catch {
        return false;
      }
    };
    expect([fresh, old].map((key) => believes(key, sign(nowMs - 1)))).toEqual([true, true]);
    expect([fresh, old].map((key) => believes(key, sign(nowMs)))).toEqual([true, false]);
  });
});
