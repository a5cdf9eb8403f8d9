import type { Rng } from '@topgun/sim/internal/rng';
import { drawRow } from '../draw/drawRow.js';
import type { DoorPerson } from './DoorPerson.js';
import { CLIENT_IDS, type DoorAction, type DoorStage } from './DoorStage.js';
import { DOOR_MAPS, drawDoorPolicies, drawDoorPrincipal, ROOMS, TOPICS } from './doorWorld.js';

/** What can be read, too: who is in rooms, mailboxes, all streams and users. */
const READABLE = [...TOPICS, ...ROOMS.map((room) => `presence/${room}`), '*', `mailbox/${CLIENT_IDS[0]}`];
const HEARABLE = [...TOPICS, ...ROOMS.map((room) => `presence/${room}`), '*'];
const KEYS = 6;

const pathOf = (topic: string): string => topic.split('/').map(encodeURIComponent).join('/');
const someOf = (rng: Rng, list: readonly string[]): string[] => list.filter(() => rng.chance(0.5));
const others = ({ people }: DoorStage, rng: Rng): DoorPerson => rng.pick(people);

const sayOverHttp: DoorAction = {
  name: 'say over HTTP',
  weight: 20,
  async run(stage, person, rng) {
    const topic = rng.pick(TOPICS);
    const data = drawRow(rng, stage.mint);
    const name = rng.chance(0.3) ? stage.mint.text() : undefined;
    stage.said(person, topic, data, name);
    await stage.ask(person, 'topic answer', ['POST', `/api/topics/${pathOf(topic)}`, { data, name }]);
  },
};

const sayOverWs: DoorAction = {
  name: 'say at /ws',
  weight: 12,
  async run(stage, person, rng) {
    const payload = drawRow(rng, stage.mint);
    const type = rng.pick(['message', 'message', 'notification', 'broadcast', 'system'] as const);
    const isForAll = type === 'broadcast' || type === 'system';
    const topic = type === 'broadcast' ? 'global' : type === 'system' ? 'system' : rng.pick(TOPICS);
    stage.said(person, topic, payload, type);
    await person.json.ask({ type, payload, ...(!isForAll && { topic }) });
  },
};

const sayBinary: DoorAction = {
  name: 'say over a binary socket',
  weight: 8,
  run: (stage, person, rng) =>
    person.binary.send({ type: 'TOPIC_PUB', topic: rng.pick(TOPICS), data: drawRow(rng, stage.mint) }),
};

const history: DoorAction = {
  name: 'history over HTTP',
  weight: 10,
  async run(stage, person, rng) {
    for (const topic of someOf(rng, READABLE)) {
      const place = rng.chance(0.2) ? others(stage, rng).json.places.get(topic) : undefined;
      const query = place === undefined ? 'limit=100' : `after=${encodeURIComponent(place)}`;
      await stage.ask(
        person,
        'topic history',
        ['GET', `/api/topics/${pathOf(topic)}?${query}`],
        ({ messages }: { messages: readonly { data: unknown }[] }) =>
          messages.map(({ data }) => ({ topics: [topic], data })),
      );
    }
  },
};

const historyAtWs: DoorAction = {
  name: 'history at /ws',
  weight: 8,
  async run(_, person, rng) {
    for (const topic of someOf(rng, READABLE)) await person.json.ask({ type: 'history', topic });
  },
};

/** From now on, with what was said before, or after a place that somebody else was told. */
const subscribeAtWs: DoorAction = {
  name: 'subscribe at /ws',
  weight: 10,
  async run(stage, person, rng) {
    for (const topic of someOf(rng, HEARABLE)) {
      const [epoch = '', offset = ''] = (others(stage, rng).json.places.get(topic) ?? '').split(':');
      const since = epoch !== '' && rng.chance(0.5) && { since: { epoch, offset: Number(offset) } };
      await person.json.ask({ type: 'subscribe', topic, ...(since || { history: rng.int(0, 10) }) });
    }
  },
};

const unsubscribeAtWs: DoorAction = {
  name: 'unsubscribe at /ws',
  weight: 2,
  run: (_, person, rng) => person.json.ask({ type: 'unsubscribe', topic: rng.pick(HEARABLE) }),
};

const reconnectAtWs: DoorAction = {
  name: 'reconnect at /ws',
  weight: 4,
  run: (stage, person, rng) => person.json.connect(person.token, [...others(stage, rng).json.places]),
};

/** What closes the socket; then comes back. */
const refusedAtWs: DoorAction = {
  name: 'a bad token at /ws',
  weight: 1.5,
  async run(_, person) {
    await person.json.refused();
    await person.json.connect(person.token);
  },
};

/** Other topics, and the id that somebody else was told. */
const follow: DoorAction = {
  name: 'follow events',
  weight: 8,
  run(stage, person, rng) {
    const topics = rng.chance(0.9) ? person.open(HEARABLE) : HEARABLE;
    const lastId = rng.chance(0.6) ? others(stage, rng).events.lastId : '';
    return person.follow(someOf(rng, topics), lastId);
  },
};

const hearBinary: DoorAction = {
  name: 'hear over a binary socket',
  weight: 5,
  run(_, person, rng) {
    for (const topic of someOf(rng, HEARABLE))
      person.binary.send({ type: rng.chance(0.9) ? 'TOPIC_SUB' : 'TOPIC_UNSUB', topic });
  },
};

const present: DoorAction = {
  name: 'presence',
  weight: 7,
  async run(stage, person, rng) {
    const room = rng.pick(ROOMS);
    const state = { mood: stage.mint.text(), at: stage.mint.number() };
    stage.around.data.publish(`presence/${room}`, { node: '', states: [[person.principal.sub, state, 0]] });
    const isGone = rng.chance(0.2);
    const ask = isGone
      ? (['DELETE', `/api/presence/${room}`] as const)
      : (['PUT', `/api/presence/${room}`, { state }] as const);
    await stage.ask(person, 'presence answer', ask);
  },
};

const list: DoorAction = {
  name: 'who is there',
  weight: 7,
  run: async (stage, person, rng) =>
    void (await stage.ask(person, 'presence list', ['GET', `/api/presence/${rng.pick(ROOMS)}`])),
};

const post: DoorAction = {
  name: 'post to a mailbox',
  weight: 6,
  async run(stage, _, rng) {
    const [from, to] = [rng.pick(CLIENT_IDS), rng.pick(CLIENT_IDS)];
    const message = `sealed ${stage.mint.text()}`;
    stage.around.data.publish(`mailbox/${to}`, { from, message, trace_id: '' });
    await stage.post(from, to, message);
  },
};

const hearBridge: DoorAction = {
  name: 'hear mailboxes again',
  weight: 3,
  run: (stage, _, rng) => rng.pick(stage.bridges).connect(),
};

const write: DoorAction = {
  name: 'write a row',
  weight: 14,
  async run(stage, _, rng) {
    const map = rng.pick(DOOR_MAPS);
    const keys = stage.keys.get(map) ?? [];
    stage.keys.set(map, keys);
    const isNew = keys.length === 0 || (keys.length < KEYS && rng.chance(0.4));
    const key = isNew ? stage.mint.text() : rng.pick(keys);
    if (isNew) keys.push(key);
    await stage.write(map, key, rng.chance(0.15) ? undefined : drawRow(rng, stage.mint));
  },
};

const subscribeHook: DoorAction = {
  name: 'subscribe a webhook',
  weight: 5,
  async run(stage, person, rng) {
    const admins = stage.people.filter(({ principal }) => principal.roles.includes('ADMIN'));
    const by = rng.chance(0.3) ? person : rng.pick(admins);
    const url = stage.hooks.addressFor(by.principal);
    const topics = someOf(rng, HEARABLE);
    await stage.ask(by, 'topic answer', ['POST', '/api/webhooks', { url, maps: ['**'], topics }]);
  },
};

const policies: DoorAction = {
  name: 'policies',
  weight: 3,
  run: (stage, _, rng) => stage.setPolicies(drawDoorPolicies(rng)),
};

const renew: DoorAction = {
  name: 'renew',
  weight: 3,
  async run(stage, person, rng) {
    if (person === stage.root) return;
    const principal = drawDoorPrincipal(rng, person.principal.sub);
    await person.renew(principal, await stage.served.tokenOf(principal));
  },
};

/** Everything that happens at the doors. */
export const doorActions: readonly DoorAction[] = [
  sayOverHttp,
  sayOverWs,
  sayBinary,
  history,
  historyAtWs,
  subscribeAtWs,
  unsubscribeAtWs,
  reconnectAtWs,
  refusedAtWs,
  follow,
  hearBinary,
  present,
  list,
  post,
  hearBridge,
  write,
  subscribeHook,
  policies,
  renew,
];
