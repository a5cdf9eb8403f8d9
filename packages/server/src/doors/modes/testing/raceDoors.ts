import { expect } from 'vitest';
import { BinaryClient } from '../../../topics/testing/BinaryClient.js';
import { mailboxOf } from '../../bridge/clientId.js';
import { clientId } from '../../bridge/testing/BridgeServer.js';
import { JsonClient } from '../../ws/testing/JsonClient.js';
import type { Deployment } from './Deployment.js';
import { type Heard, Listener } from './Listener.js';
import type { RaceDoor } from './runRaces.js';

interface At {
  readonly epoch: string;
  readonly offset: number;
}

/** One that hears up to a number, by numbers that rise. */
async function upTo(last: number, next: () => Promise<readonly [n: number, place: At]>) {
  const numbers: number[] = [];
  let place: At | undefined;
  while ((numbers.at(-1) ?? 0) < last) {
    const [n, at] = await next();
    numbers.push(n);
    place = at;
  }
  if (place === undefined) throw new Error(`There is nothing up to ${last}.`);
  return { numbers, place };
}

/** Of the events of a stream those up to a number, and the place behind them. */
async function heardUpTo(listener: Listener, last: number, numberOf: (heard: Heard) => number) {
  const all = await listener.when((heard) => heard.some((one) => numberOf(one) >= last));
  const said = all.filter((one) => !Number.isNaN(numberOf(one)));
  const told = said.slice(0, said.findIndex((one) => numberOf(one) >= last) + 1);
  return { numbers: told.map(numberOf), place: told.at(-1)?.id ?? '' };
}

/** Every door behind which messages are heard, of a deployment whose clients need no token. */
export function raceDoors(deployment: () => Deployment) {
  const urlOf = (turn: number): string =>
    deployment().urls[turn % deployment().urls.length] ?? 'http://nowhere';
  const portOf = (turn: number): number => Number(new URL(urlOf(turn)).port);
  const topicOf = (door: string, chain: number): string => `race/${door}-${chain}`;

  /** Through a program at the node whose turn it is. */
  const publishTo = async (door: string, chain: number, n: number): Promise<At> => {
    const { nodes } = deployment();
    const node = nodes[(chain + 2 * n) % nodes.length];
    const message = await node?.publish(topicOf(door, chain), n, { name: 'said' });
    if (message === undefined) throw new Error('There is no node.');
    return message;
  };
  const publishing = (door: string) => async (chain: number, n: number) =>
    void (await publishTo(door, chain, n));

  const sse: RaceDoor<string> = {
    start: async (chain) => {
      await publishTo('sse', chain, 1);
      const listener = new Listener();
      const url = `${urlOf(chain)}/events/subscribe?topics=${topicOf('sse', chain)}`;
      await listener.open((signal) => fetch(url, { signal }));
      const [connected] = await listener.until(1);
      listener.close();
      return connected?.id ?? '';
    },
    publish: publishing('sse'),
    hear: async (chain, turn, after, opening) => {
      const listener = new Listener();
      const url = `${urlOf(chain + turn)}/events/subscribe?topics=${topicOf('sse', chain)}`;
      await opening.begin();
      await listener.open((signal) => fetch(url, { headers: { 'Last-Event-ID': after }, signal }));
      // The first event says where it begins, and whether all since is told.
      const [connected] = await listener.until(1);
      expect(JSON.parse(connected?.data ?? '')).toMatchObject({ type: 'connected', recovered: true });
      const hearing = await heardUpTo(listener, opening.stood(), ({ data }) => Number(data));
      listener.close();
      return hearing;
    },
  };

  const bridgeUrl = (turn: number, what: string): string => `${urlOf(turn)}/bridge/${what}`;
  const numberIn = ({ data }: Heard): number => Number((JSON.parse(data) as { message: string }).message);
  const listen = async (chain: number, turn: number, after: string): Promise<Listener> => {
    const listener = new Listener();
    const url = bridgeUrl(turn, `events?client_id=${clientId(String(chain))}&last_event_id=${after}`);
    await listener.open((signal) => fetch(url, { signal }));
    return listener;
  };
  const post = async (chain: number, n: number): Promise<void> => {
    if (n % 3 !== 0) {
      // By itself a POST takes as long as an opening: others are faster.
      const { nodes } = deployment();
      const data = { from: clientId('f'), message: String(n), trace_id: '' };
      await nodes[(chain + 2 * n) % nodes.length]?.publish(mailboxOf(clientId(String(chain))), data, {
        name: 'message',
        ttlMs: 300_000,
      });
      return;
    }
    const query = `client_id=${clientId('f')}&to=${clientId(String(chain))}&ttl=300`;
    const url = bridgeUrl(chain + 2 * n, `message?${query}`);
    const response = await fetch(url, { method: 'POST', body: String(n) });
    expect([response.status, await response.json()]).toEqual([200, { message: 'OK', statusCode: 200 }]);
  };
  const bridge: RaceDoor<string> = {
    start: async (chain) => {
      await post(chain, 1);
      const listener = await listen(chain, chain, '0');
      const { place } = await heardUpTo(listener, 1, numberIn);
      listener.close();
      return place;
    },
    publish: post,
    hear: async (chain, turn, after, opening) => {
      await opening.begin();
      const listener = await listen(chain, chain + turn, after);
      const hearing = await heardUpTo(listener, opening.stood(), numberIn);
      listener.close();
      return hearing;
    },
  };

  const json: RaceDoor<At> = {
    start: (chain) => publishTo('ws', chain, 1),
    publish: publishing('ws'),
    hear: async (chain, turn, { epoch, offset }, opening) => {
      const client = await JsonClient.open(portOf(chain + turn), {});
      if (typeof client === 'number') throw new Error(`/ws answered ${client}`);
      await opening.begin();
      const since = { epoch, offset };
      client.send({ type: 'subscribe', topic: topicOf('ws', chain), since, message_id: 's' });
      const answer = await client.find(({ reply_to }) => reply_to === 's');
      expect(answer.payload).toMatchObject({ recovered: true });
      const hearing = await upTo(opening.stood(), async () => {
        const { payload, ...place } = await client.take('said');
        return [Number(payload), { epoch: place.epoch ?? '', offset: place.offset ?? 0 }];
      });
      client.ws.terminate();
      return hearing;
    },
  };

  const binary: RaceDoor<At> = {
    start: (chain) => publishTo('binary', chain, 1),
    publish: publishing('binary'),
    hear: async (chain, turn, { epoch, offset }, opening) => {
      const client = await BinaryClient.connect(portOf(chain + turn), `${chain}-${turn}`);
      await opening.begin();
      client.send({ type: 'TOPIC_SUB', topic: topicOf('binary', chain), since: [epoch, offset] });
      expect(await client.take('TOPIC_HEARD')).toMatchObject({ recovered: true });
      const hearing = await upTo(opening.stood(), async () => {
        const { data, ...place } = await client.take('TOPIC_MSG');
        return [Number(data), { epoch: place.epoch ?? '', offset: place.offset ?? 0 }];
      });
      client.socket.terminate();
      return hearing;
    },
  };

  /** What is asked for page by page: a page stands when it is answered. */
  const history: RaceDoor<At> = {
    start: (chain) => publishTo('history', chain, 1),
    publish: publishing('history'),
    hear: async (chain, turn, after, opening) => {
      const numbers: number[] = [];
      let place = after;
      let last: number | undefined;
      await opening.begin();
      for (let page = 0; last === undefined || (numbers.at(-1) ?? 0) < last; page++) {
        const query = `after=${place.epoch}:${place.offset}&limit=5`;
        const url = `${urlOf(chain + turn + page)}/api/topics/${topicOf('history', chain)}?${query}`;
        const answer = (await (await fetch(url)).json()) as {
          readonly recovered: boolean;
          readonly messages: readonly (At & { readonly data: number })[];
        };
        expect(answer.recovered).toBe(true);
        last ??= opening.stood();
        for (const message of answer.messages) {
          numbers.push(message.data);
          place = message;
        }
      }
      return { numbers, place };
    },
  };

  return { sse, bridge, json, binary, history };
}
