import type { HttpMessage, TopGunHttp } from '@topgun/client/http';
import { until } from '../rolling/until.js';
import type { Listener } from './Listener.js';
import type { Accepted, TopicLoad } from './TopicLoad.js';

/** Where topics lie: what is promised of them follows from that. */
export type TopicPlace = 'redis' | 'postgres';

const PAGE = 1_000;
const HEARD_MS = 30_000;
/** of the streams: so many of the last messages are kept */
const KEPT = 100;

const isMailbox = (topic: string): boolean => topic.startsWith('mailbox/');

/**
 * Publishes to each topic once more, and names what is not as it was promised. In PostgreSQL: every node has every accepted message once, at its
 * place, and every listener heard it. Beside a Redis that forgot everything: mailboxes of a node's disk are whole at that node; of streams
 * everything is gone, and whoever goes on from a place in them, or listened, is told so.
 */
export async function judgeTopics(
  place: TopicPlace,
  topics: readonly string[],
  load: TopicLoad,
  listeners: readonly Listener[],
): Promise<string[]> {
  const faults: string[] = [];
  for (const topic of topics) {
    const before = load.accepted.filter((one) => one.topic === topic).sort((a, b) => a.offset - b.offset);
    for (const [at, node] of load.nodes.entries()) {
      const isShared = place === 'postgres';
      if (isShared || isMailbox(topic)) {
        const expected = isShared ? before : before.filter((one) => one.at === at);
        for (const line of await missing(node, topic, expected))
          faults.push(`${topic} at node ${at}: ${line}`);
      } else if (before.length > 0 && (await claimsWhole(node, topic, before)))
        faults.push(`${topic} at node ${at}: the messages are gone, and are said to be all there`);
    }
    if (!isMailbox(topic)) {
      for (const at of load.nodes.keys()) await load.publish(topic, at);
      const all = load.accepted.filter((one) => one.topic === topic).sort((a, b) => a.offset - b.offset);
      faults.push(...(await misheard(place, topic, before, all, listeners)));
    }
  }
  return faults;
}

async function missing(
  node: TopGunHttp,
  topic: string,
  expected: readonly Accepted[],
): Promise<readonly string[]> {
  const held = await readAll(node, topic, expected[0]?.epoch ?? '');
  const lines: string[] = [];
  if (held.some(({ offset }, at) => offset <= (held[at - 1]?.offset ?? 0))) lines.push('out of order');
  if (new Set(held.map(({ id }) => id)).size < held.length) lines.push('some come twice');
  const placeById = new Map(held.map(({ id, epoch, offset }) => [id, `${epoch}:${offset}`]));
  const first = isMailbox(topic) || held.length < KEPT ? 0 : (held[0]?.offset ?? 0);
  const lost = expected.filter(
    ({ id, epoch, offset }) => offset >= first && placeById.get(id) !== `${epoch}:${offset}`,
  );
  if (lost.length > 0)
    lines.push(`${lost.length} of ${expected.length} accepted messages are not at their places`);
  return lines;
}

async function readAll(node: TopGunHttp, topic: string, epoch: string): Promise<readonly HttpMessage[]> {
  const held: HttpMessage[] = [];
  for (let after = { epoch, offset: 0 }; ; ) {
    const { messages, hasMore } = await node.history(topic, { after, limit: PAGE });
    held.push(...messages);
    const last = messages.at(-1);
    if (!hasMore || last === undefined) return held;
    after = { epoch: last.epoch, offset: last.offset };
  }
}

/** Whether a node says that nothing is missing behind the first accepted message, although something is. */
async function claimsWhole(
  node: TopGunHttp,
  topic: string,
  [first, ...behind]: readonly Accepted[],
): Promise<boolean> {
  if (first === undefined) return false;
  const { epoch, offset } = first;
  const { recovered, messages } = await node.history(topic, { after: { epoch, offset }, limit: PAGE });
  const ids = new Set(messages.map(({ id }) => id));
  return recovered && behind.some(({ id }) => !ids.has(id));
}

async function misheard(
  place: TopicPlace,
  topic: string,
  before: readonly Accepted[],
  all: readonly Accepted[],
  listeners: readonly Listener[],
): Promise<string[]> {
  const closing = all.filter((one) => !before.includes(one));
  const hasAll = ({ heard }: Listener): boolean =>
    closing.every(({ id }) => heard.get(topic)?.ids.includes(id) === true);
  // Who has not is named below.
  await until('all is heard', HEARD_MS, () => listeners.every(hasAll)).catch(() => undefined);
  return listeners.flatMap((listener, at) => {
    const who = `listener ${at} of ${topic}`;
    const { ids = [], isTold = false } = listener.heard.get(topic) ?? {};
    const lines: string[] = [];
    if (!hasAll(listener)) lines.push(`${who} does not hear what is published after it`);
    if (new Set(ids).size < ids.length) lines.push(`${who} heard messages twice`);
    const unheard = all.filter(({ id }) => !ids.includes(id)).length;
    const isPromised = place === 'postgres' || !isTold;
    if (unheard > 0 && isPromised) lines.push(`${who} missed ${unheard} of ${all.length}, and was not told`);
    if (isTold && place === 'postgres') lines.push(`${who} was told that messages are lost`);
    const heard = all.filter(({ id }) => ids.includes(id)).map(({ id }) => id);
    const order = ids.filter((id) => heard.includes(id));
    if (place === 'postgres' && JSON.stringify(order) !== JSON.stringify(heard))
      lines.push(`${who} heard them out of order`);
    return lines;
  });
}
