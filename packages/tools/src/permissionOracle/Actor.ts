import { PARTITION_COUNT, packTime } from '@topgun/core';
import {
  type Base,
  type ClientMessage,
  CONCERN,
  type Concern,
  encode,
  type MessageOf,
  type OpRow,
  PROTOCOL_VERSION,
  type ServerMessage,
  unpackHashes,
} from '@topgun/protocol';
import type { Principal } from '@topgun/server/engine';
import { Person } from '@topgun/sim/internal/oracle/Viewer';
import type { Mint } from './draw/drawRow.js';
import { INCARNATION, type OracleNode } from './OracleNode.js';
import { MAPS, TOPICS } from './world.js';

/** What people have heard and hand to each other: the hostile ones ask with it. */
export interface Hearsay {
  readonly keys: Map<string, string[]>;
  readonly cursors: Map<string, Uint8Array[]>;
  readonly digests: number[];
  readonly tags: { readonly map: string; readonly key: string; readonly tag: string }[];
}

/** One op as it went out, to be sent again. */
export interface SentOp {
  readonly maps: readonly string[];
  readonly row: OpRow;
}

/** Cursors, digests and ops that are remembered of each sort. */
const REMEMBERED = 60;

/** Somebody with one socket at a time, who sends whatever the wire can carry and remembers what came back. */
export class Actor {
  readonly sub: string;
  readonly person = new Person();
  readonly clientId: string;
  principal: Principal;
  conn: number | undefined;
  session = '';
  seq = 0;
  readonly sent: SentOp[] = [];
  /** live roots by map and query, as they were told last */
  readonly roots = new Map<string, number>();
  /** maps of the queries that were asked last, by id */
  readonly queries = new Map<string, string>();
  /** what is to be opened when it is the actor's turn: all after AUTH_ACK, and what RESYNC named */
  #due: ClientMessage[] = [];
  #asked = new Map<string, ClientMessage>();
  /** what the last token may not open, by name */
  readonly #denied = new Set<string>();
  readonly #node: OracleNode;
  readonly #hearsay: Hearsay;
  readonly #mint: Mint;
  #signedInAs: Principal | undefined;
  #stamps = 0;
  #req = 0;

  constructor(node: OracleNode, principal: Principal, hearsay: Hearsay, mint: Mint) {
    this.#node = node;
    this.sub = principal.sub;
    this.principal = principal;
    this.#hearsay = hearsay;
    this.#mint = mint;
    this.clientId = `client-${principal.sub}`.padEnd(22, '_');
  }

  get req(): number {
    return ++this.#req;
  }

  /** Opens a socket, under a session that nobody had before. */
  connect(): void {
    this.disconnect();
    this.session = this.#mint.text();
    this.seq = 0;
    this.sent.length = 0;
    this.conn = this.#node.open({
      receive: (message) => this.#received(message),
      closed: () => {
        this.conn = undefined;
      },
    });
    this.authenticate();
  }

  /** Opens what a device would: everything after it has signed in, later what it was told to open again; and asks for what it lacks. */
  follow(): void {
    for (const message of this.#due.splice(0)) this.send(message);
  }

  disconnect(): void {
    this.#due = [];
    if (this.conn !== undefined) this.#node.closed(this.conn);
    this.conn = undefined;
  }

  /** AUTH, also on a socket that is authenticated: the token speaks for the principal of now. */
  authenticate(): void {
    if (this.principal !== this.#signedInAs) this.#denied.clear();
    this.#signedInAs = this.principal;
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    const { clientId, session, principal, person } = this;
    const message = { type: 'AUTH', versions, clientId, sessions: [session], token: 'token' } as const;
    if (this.conn !== undefined)
      this.#node.receive(this.conn, encode(message).slice(), { principal, person });
  }

  send(message: ClientMessage): void {
    this.sendBytes(encode(message).slice());
  }

  /** A question that is asked again whenever it has to be. */
  ask(message: MessageOf<'QUERY_SUB'>): void {
    this.#denied.delete(message.query);
    this.queries.set(message.query, message.map);
    this.#asked.set(message.query, message);
    this.send(message);
  }

  sendBytes(frame: Uint8Array): void {
    if (this.conn !== undefined) this.#node.receive(this.conn, frame);
  }

  /** A stamp; `agoMs` before now, which lets others win. */
  stamp(agoMs = 0): number {
    return packTime(this.#node.now - agoMs, this.#stamps++ % 2048);
  }

  /** Sends ops of one session, its own if none is named. */
  ops(
    maps: readonly string[],
    writes: readonly Write[],
    concern: Concern = CONCERN.PERSISTED,
    session = this.session,
  ): void {
    const rows = writes.map(({ code, at = 0, key, payload, ttlMs, agoMs, base }): OpRow => {
      const row: OpRow = [++this.seq, code, at, key, this.stamp(agoMs), base ?? null, payload ?? null];
      return ttlMs === undefined ? row : ([...row, ttlMs] as unknown as OpRow);
    });
    for (const row of rows) this.sent.push({ maps, row });
    this.sent.splice(0, this.sent.length - REMEMBERED);
    this.send({ type: 'OPS', session, settledBelow: 0, incarnation: INCARNATION, concern, maps, rows });
  }

  again({ maps, row }: SentOp): void {
    const rows = [row];
    const { session } = this;
    this.send({
      type: 'OPS',
      session,
      settledBelow: 0,
      incarnation: INCARNATION,
      concern: CONCERN.PERSISTED,
      maps,
      rows,
    });
  }

  #received(message: ServerMessage): void {
    const { cursors, digests } = this.#hearsay;
    if ((message.type === 'SYNC_ROOT' || message.type === 'CURSOR') && message.proof !== undefined) {
      const known = cursors.get(message.map) ?? [];
      cursors.set(message.map, known);
      known.push(Uint8Array.of(...message.at, ...message.proof));
      known.splice(0, known.length - REMEMBERED);
    }
    if (message.type === 'AUTH_ACK') this.#signedIn();
    if (message.type === 'ERROR' && message.code === 'DENIED') this.#denied.add(message.ref ?? '');
    if (message.type === 'ERROR' && message.code === 'RESYNC') this.#again(message.ref ?? '');
    if (message.type === 'SYNC_ROOT') {
      this.roots.set(message.map, message.root);
      if (message.parts !== undefined) this.#due.push(this.#walkOver(message.map));
    }
    if (message.type === 'CURSOR' && message.req !== undefined) this.#again(message.map);
    if (message.type === 'QUERY_RESP' && message.root !== undefined)
      this.roots.set(message.query, message.root);
    if (message.type === 'MERKLE_RESP')
      for (const part of message.parts) if (part[2] === 1) digests.push(...unpackHashes(part[3]));
    digests.splice(0, digests.length - 10 * REMEMBERED);
  }

  /** The first time on this socket, and again with a new token: what is open already is only checked. */
  #signedIn(): void {
    const isOpen = (name: string): boolean => !this.#denied.has(name);
    const scopes = MAPS.filter(({ name }) => isOpen(name)).map(({ name }) => this.#scopeOn(name));
    const queries = [...this.#asked].flatMap(([id, message]) => (isOpen(id) ? [message] : []));
    const topics = TOPICS.filter((topic) => isOpen(`topic ${topic}`)).map(
      (topic) => ({ type: 'TOPIC_SUB', topic }) as const,
    );
    this.#due = [...scopes, ...queries, ...topics, { type: 'CLUSTER_SUB', req: this.req }];
  }

  #again(ref: string): void {
    const query = this.#asked.get(ref);
    if (query !== undefined) this.#due.push(query);
    else if (MAPS.some(({ name }) => name === ref)) this.#due.push(this.#scopeOn(ref));
  }

  #scopeOn(map: string): ClientMessage {
    const kind = MAPS.find(({ name }) => name === map)?.kind ?? 'LWW';
    const cursor = this.#hearsay.cursors.get(map)?.at(-1);
    return {
      type: 'SYNC_INIT',
      req: this.req,
      map,
      kind,
      root: this.roots.get(map) ?? 0,
      ...(cursor && { cursor }),
    };
  }

  #walkOver(map: string): ClientMessage {
    const nodes = Array.from({ length: PARTITION_COUNT }, (_, pid) => [pid, '', null] as const);
    return { type: 'MERKLE_REQ', req: this.req, map, nodes };
  }
}

export interface Write {
  readonly code: OpRow[1];
  readonly key: string;
  readonly payload?: unknown;
  /** into the table of maps */
  readonly at?: number;
  readonly ttlMs?: number;
  readonly agoMs?: number;
  readonly base?: Base;
}
