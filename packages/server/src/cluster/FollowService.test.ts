import { partitionOf } from '@topgun/core';
import type { ClientMessage, MessageOf, MessageType, ServerMessage } from '@topgun/protocol';
import { deserialize, serialize } from '@topgun/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineHost } from '../EngineHost.js';
import { ServerEngine } from '../engine/ServerEngine.js';
import { ModelScope } from '../engine/testing/ModelScope.js';
import { TestDevice } from '../engine/testing/TestDevice.js';
import { ALL } from '../engine/testing/TestNode.js';
import { loadEngine } from '../loadEngine.js';
import { cursorMac } from '../security/cursorMac.js';
import type { DatabaseAddress } from '../storage/postgres/databaseUrl.js';
import type { PostgresStore } from '../storage/postgres/PostgresStore.js';
import { TestDatabases, until } from '../storage/postgres/testing/testDatabases.js';
import type { WebSocketTransport } from '../transport/WebSocketTransport.js';
import { createLogger } from '../utils/logger.js';
import { Pace } from '../utils/Pace.js';
import { FollowService } from './FollowService.js';
import type { LinkChannel, NodeLinks } from './ports.js';

const databases = TestDatabases.use();

/** Links of nodes of one process; those that are cut lose what is sent. */
class TestLinks implements NodeLinks {
  readonly up = new Set<string>();
  readonly #name: string;
  readonly #all: Map<string, TestLinks>;
  readonly #readers = new Map<LinkChannel, (from: string, message: unknown) => void>();
  readonly #listeners: ((node: string, isUp: boolean) => void)[] = [];

  constructor(name: string, all: Map<string, TestLinks>) {
    this.#name = name;
    this.#all = all;
    all.set(name, this);
  }

  send(node: string, channel: LinkChannel, message: unknown): boolean {
    const to = this.up.has(node) ? this.#all.get(node) : undefined;
    if (to === undefined) return false;
    const bytes = serialize(message);
    setImmediate(() => to.up.has(this.#name) && to.#readers.get(channel)?.(this.#name, deserialize(bytes)));
    return true;
  }

  broadcast(channel: LinkChannel, message: unknown): void {
    for (const node of this.up) this.send(node, channel, message);
  }

  read(channel: LinkChannel, reader: (from: string, message: unknown) => void): void {
    this.#readers.set(channel, reader);
  }

  onChange(listener: (node: string, isUp: boolean) => void): void {
    this.#listeners.push(listener);
  }

  set(node: string, isUp: boolean): void {
    if (isUp) this.up.add(node);
    else this.up.delete(node);
    for (const listener of this.#listeners) listener(node, isUp);
  }
}

interface Running {
  readonly name: string;
  readonly store: PostgresStore;
  readonly links: TestLinks;
  readonly follow: FollowService;
  readonly engine: ServerEngine;
  device(sub: string, conn?: number, session?: string): TestDevice;
}

const running: { stop(): void }[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.stop();
});

/** A node as the server makes it, without sockets. */
async function start(address: DatabaseAddress, name: string, all: Map<string, TestLinks>): Promise<Running> {
  const store = databases.store(address, { node: { name, boot: name, onFenced: () => undefined } });
  const boot = await store.open();
  const client = await databases.client(address);
  await client.query('insert into fences (name, number, holder) values ($1, 1, $1)', [name]);
  store.joined(1);
  const links = new TestLinks(name, all);
  const logger = createLogger('silent');
  const sent: { conn: number; message: ServerMessage }[] = [];
  const onFatal = (error: unknown): void => {
    throw error;
  };
  const follow: FollowService = new FollowService({
    ...{ name, store, links, logger, incarnation: boot.incarnation },
    input: (run) => host.cluster(run),
    onMap: () => undefined,
    onStopped: onFatal,
  });
  const host: EngineHost = new EngineHost({
    store,
    commitShared: (batch) => follow.commit(batch),
    security: {
      verify: async () => ({ principal: { sub: 'ann', roles: ['user'], claims: {} } }),
      objectionTo: () => undefined,
    } as never,
    clock: { wallMs: () => Date.now() },
    logger,
    onCommit: () => undefined,
    onFatal,
  });
  const elsewhere = { take: () => 'UNAVAILABLE' as const, opened: () => undefined };
  const options = { nodeId: name, boot, policies: ALL, mac: cursorMac, random: () => 0, now: Date.now() };
  const engine = new ServerEngine({ ...options, cluster: { effects: follow, elsewhere } }, host);
  host.connect(engine, {
    send: (conn: number, message: ServerMessage) => sent.push({ conn, message }),
    sendShared: (conns: number[], message: ServerMessage) => {
      for (const conn of conns) sent.push({ conn, message });
    },
    close: () => undefined,
    flush: () => undefined,
  } as unknown as WebSocketTransport);
  await loadEngine(engine, store, new Pace());
  host.wake();
  running.push({
    stop: () => {
      follow.stop();
      host.stop();
    },
  });
  const wire = {
    get now() {
      return Date.now();
    },
    receive: (conn: number, message: ClientMessage) => host.message(conn, message, 0),
    messages: <T extends MessageType>(conn: number, type: T) =>
      sent.flatMap((one) =>
        one.conn === conn && one.message.type === type ? [one.message as MessageOf<T>] : [],
      ),
  };
  let conns = 0;
  const device = (sub: string, conn = ++conns, session = `s-${sub}`): TestDevice => {
    host.opened(conn, 'test');
    const made = new TestDevice(wire, conn, sub, {
      clientId: `c-${sub}`.padEnd(22, '_'),
      session: session.padEnd(11, '_'),
    });
    made.incarnation = boot.incarnation;
    made.auth();
    return made;
  };
  return { name, store, links, follow, engine, device };
}

function link(a: Running, b: Running, isUp: boolean): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const)
    if (isUp) one.links.up.add(other.name);
  a.links.set(b.name, isUp);
  b.links.set(a.name, isUp);
}

const mapOf = (nodes: readonly Running[], owner: Running, version: number) => ({
  version,
  nodes: nodes.map(({ name }, slot) => ({
    ...{ name, boot: name, slot, address: '' },
    state: 'ACTIVE' as const,
    protocol: 4,
  })),
  owners: Array.from({ length: 271 }, (_, pid) => ({
    pid,
    epoch: 1,
    node: owner.name,
    boot: owner.name,
    target: undefined,
  })),
});

const grants = (epoch: number) => Array.from({ length: 271 }, (_, pid) => ({ pid, epoch }));

describe('FollowService', () => {
  it('[CLU-14] [CLU-20] [CLU-22] [CLU-23] nodes over one database follow each other by links, and without them', async () => {
    const address = databases.fresh();
    const all = new Map<string, TestLinks>();
    const a = await start(address, 'a', all);
    const b = await start(address, 'b', all);
    link(a, b, true);
    for (const node of [a, b]) node.follow.mapChanged(mapOf([a, b], a, 1));
    await a.follow.own(grants(10));
    const writer = a.device('ann');
    await until(() => writer.all('AUTH_ACK').length === 1);
    for (let i = 0; i < 50; i++) writer.put('todos', `k${i % 20}`, { i });
    await until(() => writer.outcomeOf(50) !== undefined);
    await until(
      () => b.engine.rootOf('todos') === a.engine.rootOf('todos') && a.engine.rootOf('todos') !== 0,
    );
    // Let in, a device of the other node sees all of it.
    const reader = b.device('ann', 1, 's-reader');
    await until(() => reader.all('AUTH_ACK').length === 1);
    const model = new ModelScope(reader, 'todos');
    model.sync();
    expect(Object.keys(model.values())).toHaveLength(20);
    link(a, b, false);
    writer.put('todos', 'unlinked', 1);
    await until(() => writer.outcomeOf(51) !== undefined);
    const late = b.device('ann', 2, 's-late');
    await until(() => late.all('AUTH_ACK').length === 1);
    const lateModel = new ModelScope(late, 'todos');
    lateModel.sync();
    expect(lateModel.values()).toHaveProperty('unlinked');
    writer.put('todos', 'polled', 1);
    await until(() => writer.outcomeOf(52) !== undefined);
    await until(() => b.engine.rootOf('todos') === a.engine.rootOf('todos'));
    model.follow();
    expect(model.values()).toHaveProperty('polled');
  }, 60_000);

  it('[CLU-12] [CLU-13] [CLU-14] partitions go from node to node, planned and after a death, and no op counts twice', async () => {
    const address = databases.fresh();
    const all = new Map<string, TestLinks>();
    const a = await start(address, 'a', all);
    const b = await start(address, 'b', all);
    link(a, b, true);
    for (const node of [a, b]) node.follow.mapChanged(mapOf([a, b], a, 1));
    await a.follow.own(grants(10));
    const [here, there] = [a.device('ann', 1, 's'), b.device('ann', 1, 's')];
    await until(() => here.all('AUTH_ACK').length + there.all('AUTH_ACK').length === 2);
    const rows = Array.from({ length: 30 }, () => here.increment('counts', 'n', 1));
    await until(() => here.outcomeOf(1) !== undefined);
    const pid = partitionOf('n');
    await a.follow.release([pid]);
    a.follow.lost([pid]);
    await b.follow.own([{ pid, epoch: 11 }]);
    for (const row of rows) there.ops(['counts'], [row]);
    await until(() => rows.every(([seq]) => there.outcomeOf(seq) !== undefined));
    expect((await a.store.read('counts', 'n'))?.value).toEqual([30, 0]);
    // Its fence is raised while commits of it may run.
    there.seq = 30;
    const more = Array.from({ length: 30 }, () => there.increment('counts', 'n', 1));
    const client = await databases.client(address);
    await client.query("update fences set number = number + 1, holder = 'taken over' where name = 'b'");
    await a.follow.own([{ pid, epoch: 12 }]);
    b.follow.fenced();
    for (const row of more) here.ops(['counts'], [row]);
    await until(() => more.every(([seq]) => here.outcomeOf(seq) !== undefined));
    expect((await a.store.read('counts', 'n'))?.value).toEqual([60, 0]);
    await until(() => b.engine.rootOf('counts') === a.engine.rootOf('counts'));
    expect(here.all('OP_ACK').length).toBeGreaterThan(0);
  }, 60_000);
});
