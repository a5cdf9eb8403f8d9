import { createHmac } from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { serverError } from '../../errors.js';
import type {
  Draft,
  History,
  PublishOptions,
  SharedMessage,
  Subscriber,
  TopicMessage,
  Topics,
} from '../../topics/ports.js';
import { type Incoming, Intake, type Outcome } from './Intake.js';
import { Senders } from './Senders.js';

const secrets = {
  acme: 'acme-secret-0123456789',
  other: 'other-secret-0123456789',
  slack: 'slack-secret-0123456789',
};
const file = (senders: readonly object[]): string => JSON.stringify({ senders });
const SENDERS = [
  { provider: 'twilio', tenant: 'acme', secrets: [secrets.acme] },
  { provider: 'twilio', tenant: 'other', secrets: [secrets.other] },
  { provider: 'slack', tenant: 'acme', secrets: [secrets.slack] },
  { provider: 'stripe', tenant: 'acme', secrets: ['whsec_of_stripe_0123456789'] },
];
const nowMs = 1_800_000_000_000;

/** Topics that remember everything; what is published takes as long as the test says. */
class FakeTopics implements Pick<Topics, 'publish' | 'subscribe' | 'unsubscribe'> {
  readonly log: TopicMessage[] = [];
  readonly hearers = new Map<string, Set<Subscriber>>();
  fault: Error | undefined;
  wait: Promise<void> = Promise.resolve();
  subscribed = 0;

  async publish(
    topic: string,
    data: unknown,
    _by: unknown,
    options: PublishOptions = {},
  ): Promise<TopicMessage> {
    await this.wait;
    if (this.fault !== undefined) throw this.fault;
    const draft: Draft = {
      topic,
      data,
      id: options.id ?? '',
      name: options.name ?? '',
      from: options.from ?? '',
      node: 'n',
      ts: nowMs,
    };
    const message = { ...draft, epoch: 'e', offset: this.log.length + 1 };
    this.log.push(message);
    this.tell(message);
    return message;
  }

  tell(message: TopicMessage): void {
    const shared: SharedMessage = { message, encoded: () => Buffer.alloc(0) };
    for (const hearer of this.hearers.get(message.topic) ?? []) hearer.deliver(shared);
  }

  async subscribe(topic: string, subscriber: Subscriber): Promise<Awaited<ReturnType<Topics['subscribe']>>> {
    this.subscribed++;
    if (this.fault !== undefined) throw this.fault;
    this.hearers.set(topic, (this.hearers.get(topic) ?? new Set()).add(subscriber));
    for (const message of this.log)
      if (message.topic === topic) subscriber.deliver({ message, encoded: () => Buffer.alloc(0) });
    return { recovered: false, position: { epoch: 'e', offset: this.log.length } };
  }

  unsubscribe(topic: string, subscriber: Subscriber): void {
    this.hearers.get(topic)?.delete(subscriber);
  }

  topicsOf(): string[] {
    return this.log.map(({ topic }) => topic);
  }

  // The intake asks for none of these.
  history(): Promise<History> {
    throw new Error('not asked for');
  }
  isLogged(): boolean {
    return true;
  }
  mayHear(): boolean {
    return true;
  }
  hears(): boolean {
    return true;
  }
  putState(): void {}
  review(): void {}
}

let topics: FakeTopics;
let intake: Intake;
beforeEach(() => {
  topics = new FakeTopics();
  intake = restarted();
});
const restarted = (): Intake =>
  new Intake({ topics: () => topics, senders: () => Senders.parse(file(SENDERS)), wallMs: () => nowMs });

function event(text: string, part: Partial<Incoming> & { readonly key?: string } = {}): Incoming {
  const { key = secrets.acme, headers, ...rest } = part;
  const body = Buffer.from(text);
  const signature = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
  return {
    provider: 'twilio',
    tenant: 'acme',
    body,
    headers: { 'x-signature': signature, ...headers },
    ...rest,
  };
}

const noise: TopicMessage = {
  ...{ topic: '', id: '', name: '', data: 0, from: '', node: 'n' },
  ts: 0,
  epoch: 'e',
  offset: 0,
};

const stateOf = async (outcome: Promise<Outcome>): Promise<string> => {
  const { state } = await outcome;
  return state;
};

describe('the intake', () => {
  it('[HOOK-6] [HOOK-9] publishes to the tenant, then to its inbox, and only then says so', async () => {
    const outcome = await intake.take(
      event('a=1&b=%C3%BC', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
    );
    expect(outcome).toEqual({ state: 'accepted', id: expect.stringMatching(/^[\da-f]{64}$/) });
    expect(topics.topicsOf()).toEqual(['tenant/acme', 'webhook/acme']);
    expect(topics.log[0]).toMatchObject({
      name: 'webhook.twilio',
      from: 'webhook:twilio',
      data: { provider: 'twilio', payload: { a: '1', b: 'ü' } },
    });
    expect(topics.log[0]?.id).toBe(topics.log[1]?.id);
  });

  it('[HOOK-6] what the topics did not take is no duplicate when it is sent again', async () => {
    for (const code of ['BUS_UNAVAILABLE', 'TOPIC_FULL'] as const) {
      topics.fault = serverError(code, 'not now');
      expect(await stateOf(intake.take(event('{"n":1}')))).toBe('unavailable');
    }
    topics.fault = serverError('TOPIC_INVALID', 'data: too deep');
    expect(await intake.take(event('{"n":1}'))).toEqual({ state: 'unfit', message: 'data: too deep' });
    topics.fault = undefined;
    expect(await stateOf(intake.take(event('{"n":1}')))).toBe('accepted');
  });

  it('[HOOK-6] a server that is starting refuses nobody: the event is to come again', async () => {
    const early = new Intake({ topics: () => undefined, senders: () => new Senders(), wallMs: () => nowMs });
    expect(await stateOf(early.take(event('{}')))).toBe('unavailable');
  });

  it('[HOOK-8] no more ids are held than may be: the tenant that was silent longest is read again', async () => {
    const many = LIMITS.webhookIds / LIMITS.webhookIdsPerTenant + 2;
    const senders = Array.from({ length: many }, (_, i) => ({
      ...{ provider: 'twilio', tenant: `t${i}`, secrets: [`secret-of-tenant-${i}`] },
    }));
    const crowd = Senders.parse(file(senders));
    intake = new Intake({ topics: () => topics, senders: () => crowd, wallMs: () => nowMs });
    const speak = (i: number) =>
      intake.take(event('{"n":1}', { tenant: `t${i}`, key: `secret-of-tenant-${i}` }));
    for (let i = 0; i < many; i++)
      for (let n = 0; n < LIMITS.webhookIdsPerTenant; n++)
        topics.log.push({ ...noise, topic: `webhook/t${i}`, id: `old-${i}-${n}` });
    for (let i = 0; i < many; i++) expect(await stateOf(speak(i))).toBe('accepted');
    const heard = [...topics.hearers].filter(([, hearers]) => hearers.size > 0).map(([topic]) => topic);
    expect([heard.length, heard.includes('webhook/t0')]).toEqual([many - 1, false]);
    expect(await stateOf(speak(0))).toBe('duplicate');
  });

  it('[HOOK-7] an event is published once: again, twice at the same time, and after a restart', async () => {
    const both = await Promise.all([intake.take(event('{"n":1}')), intake.take(event('{"n":1}'))]);
    expect(both.map(({ state }) => state)).toEqual(['accepted', 'duplicate']);
    expect(await stateOf(intake.take(event('{"n":1}')))).toBe('duplicate');
    intake = restarted();
    expect(await stateOf(intake.take(event('{"n":1}')))).toBe('duplicate');
    expect(await stateOf(intake.take(event('{"n":2}')))).toBe('accepted');
    expect(topics.log).toHaveLength(4);
  });

  it('[HOOK-7] two at the same time of which the first fails are both told to come again', async () => {
    topics.fault = serverError('BUS_UNAVAILABLE', 'not now');
    const both = await Promise.all([intake.take(event('{"n":1}')), intake.take(event('{"n":1}'))]);
    expect(both.map(({ state }) => state)).toEqual(['unavailable', 'unavailable']);
  });

  it('[HOOK-8] what another node took in is known, and what was lost of its word is read again', async () => {
    await intake.take(event('{"n":0}'));
    const elsewhere = restarted();
    await elsewhere.take(event('{"n":1}'));
    expect(await stateOf(intake.take(event('{"n":1}')))).toBe('duplicate');
    const [hearer] = topics.hearers.get('webhook/acme') ?? [];
    topics.hearers.get('webhook/acme')?.clear();
    await elsewhere.take(event('{"n":2}'));
    hearer?.lost('webhook/acme');
    expect(await stateOf(intake.take(event('{"n":2}')))).toBe('duplicate');
  });

  it('[HOOK-3] [HOOK-5] a tenant is believed as far as its own secret has signed', async () => {
    const refused = { state: 'refused' };
    expect(await intake.take(event('{}', { tenant: 'other' }))).toMatchObject({
      ...refused,
      why: 'mismatch',
    });
    expect(await intake.take(event('{}', { tenant: 'nobody' }))).toMatchObject({
      ...refused,
      why: 'unknown',
    });
    expect(await intake.take(event('{}', { provider: 'sendgrid' }))).toMatchObject({
      ...refused,
      why: 'unknown',
    });
    expect(await intake.take(event('{}', { headers: { 'x-signature': undefined } }))).toMatchObject({
      ...refused,
      why: 'missing',
    });
    expect(await intake.take(event('{}', { tenant: undefined }))).toEqual({ state: 'tenant missing' });
    expect(topics.log).toEqual([]);
  });

  it('[HOOK-5] [S003-18] the tenant stands in the header, else in the address, else in the body', async () => {
    const text = '{"tenant_id":"acme"}';
    expect(await stateOf(intake.take(event(text, { tenant: undefined })))).toBe('accepted');
    const named = (header: string | undefined, tenant: string | undefined, key: string) =>
      intake.take(event(text, { tenant, key, headers: { 'x-tenant-id': header } }));
    await named('other', 'acme', secrets.other);
    await named(undefined, 'other', secrets.other);
    expect(topics.topicsOf()).toEqual(['tenant/acme', 'webhook/acme', 'tenant/other', 'webhook/other']);
  });

  it('[HOOK-10] the challenge of Slack is answered when it is signed, and published nowhere', async () => {
    const slack = (key: string): Incoming => {
      const body = Buffer.from('{"type":"url_verification","challenge":"3eZbrw1a"}');
      const t = String(nowMs / 1000);
      const digest = createHmac('sha256', key).update(`v0:${t}:`).update(body).digest('hex');
      const headers = { 'x-slack-request-timestamp': t, 'x-slack-signature': `v0=${digest}` };
      return { provider: 'slack', tenant: 'acme', body, headers };
    };
    expect(await intake.take(slack(secrets.slack))).toEqual({ state: 'challenge', challenge: '3eZbrw1a' });
    expect(await stateOf(intake.take(slack(secrets.acme)))).toBe('refused');
    expect(topics.log).toEqual([]);
  });

  it('[HOOK-7] an event of Stripe goes by its own id, however often and however late it is signed again', async () => {
    const stripe = (text: string, t: number): Incoming => {
      const body = Buffer.from(text);
      const digest = createHmac('sha256', 'whsec_of_stripe_0123456789')
        .update(`${t}.`)
        .update(body)
        .digest('hex');
      return {
        provider: 'stripe',
        tenant: 'acme',
        body,
        headers: { 'stripe-signature': `t=${t},v1=${digest}` },
      };
    };
    const t = nowMs / 1000;
    const first = await intake.take(stripe('{"object":"event","id":"evt_1","pending_webhooks":2}', t));
    expect(first).toEqual({ state: 'accepted', id: 'evt_1' });
    const again = await intake.take(stripe('{"object":"event","id":"evt_1","pending_webhooks":1}', t + 60));
    expect(again).toEqual({ state: 'duplicate', id: 'evt_1' });
    // The id of a thing is not the id of an event.
    expect(await stateOf(intake.take(stripe('{"object":"charge","id":"evt_1"}', t)))).toBe('accepted');
  });
});

describe('the webhooks file', () => {
  it.each([
    ['{"senders":[', 'The file is not JSON.'],
    [
      '{"senders":[{"provider":"a b","tenant":"t","secrets":["0123456789abcdef"]}]}',
      'senders.0.provider is not',
    ],
    [file([{ provider: 'a', tenant: 't', secrets: [] }]), 'senders.0.secrets is not'],
    [
      file([{ provider: 'a', tenant: 't', secrets: ['0123456789abcde'] }]),
      'senders.0.secrets.0 is no secret of the scheme generic',
    ],
    [
      file([{ provider: 'a', tenant: 't', secrets: ['whsec_0123'] }]),
      'senders.0.secrets.0 is no secret of the scheme standard',
    ],
    [
      file(['t', 'u'].map((tenant) => ({ provider: 'a', tenant, secrets: ['0123456789abcdef'] }))),
      'senders.1.secrets.0 stands there twice',
    ],
    [
      file(
        ['0123456789abcdef', 'fedcba9876543210'].map((secret) => ({
          provider: 'a',
          tenant: 't',
          secrets: [secret],
        })),
      ),
      'senders.1: this provider of this tenant',
    ],
    [
      file([{ provider: 'a', tenant: 't', secrets: ['0123456789abcdef', `whsec_${'A'.repeat(32)}`] }]),
      'senders.0.secrets: of whsec_ and other secrets',
    ],
  ])('[HOOK-1] %s is refused by its place, without a secret', (text, problem) => {
    const message = (() => {
      try {
        return String(Senders.parse(text).size);
      } catch (error) {
        return String(error);
      }
    })();
    expect(message).toContain(problem);
    expect(message).not.toMatch(/0123|fedc/);
  });
});
