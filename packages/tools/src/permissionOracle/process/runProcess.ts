import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OP, type OpRow } from '@topgun/protocol';
import type { Policy, Principal } from '@topgun/server/engine';
import { Row } from '@topgun/server/internal/engine/Row';
import { FrameJudge } from '@topgun/sim/internal/oracle/FrameJudge';
import { KnownData } from '@topgun/sim/internal/oracle/KnownData';
import { Person, Viewer } from '@topgun/sim/internal/oracle/Viewer';
import { Rng } from '@topgun/sim/internal/rng';
import { Around } from '../doors/Around.js';
import { DoorPerson } from '../doors/DoorPerson.js';
import { BARRIER } from '../doors/doorWorld.js';
import { drawRow, Mint } from '../draw/drawRow.js';
import { count, noTally, type Tally } from '../Tally.js';
import { MAPS } from '../world.js';
import { askHttp } from './askHttp.js';
import { HTTP_OUTLETS, type HttpAsk, SAID_OVER_HTTP } from './httpOutlets.js';
import { LIVE_TOPICS, Live } from './Live.js';
import { type Serve, serveProcess } from './Served.js';
import { Somebody, type Surroundings } from './Somebody.js';

const ROWS = 5;
const CHANGES = 20;

/** Few rights, so that most of what there is must stay. Nobody but root changes anything. */
const POLICIES: readonly Policy[] = [
  { role: 'root', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
  {
    role: 'user',
    map: 'notes',
    actions: ['READ', 'PUT'],
    where: { op: 'eq', path: 'owner', value: { $auth: 'sub' } },
  },
  { role: 'user', map: 'users/{sub}/*', actions: ['READ'] },
  { role: 'user', map: 'topic:news', actions: ['READ'], fields: ['title', 'owner'] },
  { role: 'user', map: 'topic:user/{sub}', actions: ['READ'] },
  { role: 'staff', map: 'topic:room/live', actions: ['READ'], fields: ['title', 'list'] },
  { role: '*', map: `topic:${BARRIER}`, actions: ['READ'] },
  { role: 'staff', map: 'docs:*', actions: ['READ'], fields: ['title', 'rank'] },
  { role: 'staff', map: 'tags', actions: ['READ'], where: { op: 'lt', path: 'rank', value: 5 } },
];
/** An operator without rights on data, and somebody whom no policy names. */
const PEOPLE: readonly Principal[] = [
  { sub: 'root', roles: ['root'], claims: {} },
  { sub: 'ann', roles: ['user'], claims: {} },
  { sub: 'bob', roles: ['user', 'staff'], claims: {} },
  { sub: 'ops', roles: ['ADMIN'], claims: {} },
  { sub: 'eve', roles: ['none'], claims: {} },
];

/** What a real process let out. */
export interface ProcessFound {
  readonly tally: Tally;
  readonly leaks: readonly string[];
}

/**
 * PO-12: starts a server, by default the real one as a process of its own, fills it, asks it for everything over real sockets and HTTP as each of these
 * people and as a stranger, holds streams open at every door meanwhile, and holds all bytes that come back and all that it logs against the oracle.
 */
export async function runProcess(
  seed: number,
  serve: Serve = serveProcess,
  plant?: (data: KnownData) => () => void,
): Promise<ProcessFound> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-permissions-'));
  const secret = randomBytes(48).toString('base64');
  const served = await serve({ policies: POLICIES, secret, folder });
  const data = new KnownData();
  const around = new Around(served.port, data, new FrameJudge(data), noTally(), POLICIES);
  const mint = new Mint();
  data.publish('news', SAID_OVER_HTTP);
  const people: DoorPerson[] = [];
  const stranger = new Somebody(around, undefined, undefined, mint.text());
  const live = new Live(around, people);
  const takeOut = plant?.(data);
  try {
    for (const principal of PEOPLE) {
      const token = await served.tokenOf(principal);
      people.push(new DoorPerson(around, principal, token, mint.text()));
    }
    const everybody = [...people.map(({ binary }) => binary), stranger];
    data.onCommit.push((row) => {
      for (const { viewer } of everybody) viewer.notice(row);
    });
    // Operators find in the log who was connected.
    const operators = [new Person(), ...everybody.filter(isOperator).map(({ viewer }) => viewer.person)];
    const [reader] = operators as [Person];
    for (const { named } of operators) for (const { session } of everybody) named.add(session);
    for (const person of people) await person.connect(LIVE_TOPICS);
    await stranger.connect();
    await live.connect();
    await work(around, everybody, live, mint, Rng.of(seed, 'process'));
    for (const each of everybody) await askDoors(around, each);
    live.end();
    stranger.end();
    await served.stop();
    count(around.tally, 'log');
    const ofLog = new Viewer(data);
    ofLog.person = reader;
    around.leaks.push(...around.judge.text(ofLog, served.log(), 'the log'));
    if (around.leak !== undefined) around.leaks.push(`${around.leak.outlet}: ${around.leak.message}`);
    return around;
  } finally {
    takeOut?.();
    live.end();
    stranger.end();
    await served.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rows come, everybody asks for everything, rows move in and out of what is seen, messages are said. */
async function work(
  { data }: Surroundings,
  everybody: readonly Somebody[],
  live: Live,
  mint: Mint,
  rng: Rng,
): Promise<void> {
  const [root] = everybody as [Somebody];
  const ready = everybody.filter(({ principal }) => principal !== undefined);
  const settle = async (): Promise<void> => {
    for (const each of ready) await each.settle();
  };
  const keys = new Map(MAPS.map(({ name }) => [name, Array.from({ length: ROWS }, () => mint.text())]));
  let n = 0;
  /** Known before it is sent: what it makes of the rows arrives before the answer does. */
  const write = async (map: string, kind: (typeof MAPS)[number]['kind'], key: string): Promise<void> => {
    await settle();
    const code: OpRow[1] = kind === 'PN' ? OP.INCREMENT : kind === 'OR' ? OP.OR_ADD : OP.PUT;
    const payload = kind === 'PN' ? mint.number() : drawRow(rng, mint);
    const row = { map, key, kind, node: root.session, epoch: 1, n: ++n };
    const seq = root.nextSeq;
    const t = root.stamp();
    const tag = kind === 'OR' ? `${root.clientId}:${root.session}:${seq}` : undefined;
    const value = kind === 'PN' ? [payload, 0] : payload;
    data.commit(Row.of({ ...row, t, value, ...(tag !== undefined && { tag }) }));
    await root.write(map, [[code, key, payload]], t);
  };
  for (const { name, kind } of MAPS) for (const key of keys.get(name) ?? []) await write(name, kind, key);
  await settle();
  for (const each of ready) each.askForAll();
  await settle();
  for (let i = 0; i < CHANGES; i++) {
    const { name, kind } = rng.pick(MAPS.filter((map) => map.kind !== 'PN'));
    await write(name, kind, rng.pick(keys.get(name) ?? []));
    root.send({ type: 'TOPIC_PUB', topic: 'news', data: drawRow(rng, mint) });
    await live.say(rng, mint);
  }
  await settle();
  await live.settle();
  await live.comeBack();
  // Refused, or lost: nobody but root changes anything.
  for (const each of ready.slice(1))
    for (const map of ['notes', 'docs:a', 'judged:owner'])
      await each.write(
        map,
        (keys.get(map) ?? []).map((key) => [OP.PUT, key, { owner: each.name }] as const),
        each.stamp(60_000),
      );
  await settle();
}

const isOperator = ({ principal }: Somebody): boolean => principal?.roles.includes('ADMIN') === true;

async function askDoors(
  { port, judge, tally, leaks, data }: Surroundings,
  somebody: Somebody,
): Promise<void> {
  for (const [route, outlet] of Object.entries(HTTP_OUTLETS)) {
    const { asks, body, about, isChange, isWholeStore, isHistory } = outlet;
    const [method = 'GET', path = '/'] = route.split(' ');
    if (isChange && somebody.name === 'root') continue;
    const all: readonly HttpAsk[] = [
      ...(asks ?? [path]).map((ask) => ({ path: ask, body })),
      ...(about?.(data) ?? []),
    ];
    for (const ask of all) {
      const { status, bytes } = await askHttp(port, method, ask.path, {
        token: somebody.token,
        body: ask.body,
      });
      count(tally, `http ${route}`);
      if (status >= 500 && status !== 501 && status !== 503)
        leaks.push(`PO-12: ${method} ${ask.path} is answered ${status} to ${somebody.name}`);
      if ((isWholeStore && isOperator(somebody)) || (isHistory && somebody.viewer.readsAll('notes')))
        continue;
      leaks.push(...judge.text(somebody.viewer, bytes, `${method} ${ask.path} of ${somebody.name}`));
    }
  }
}
