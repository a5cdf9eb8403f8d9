import type { QuerySpec } from '@topgun/core';
import { QUERY_CHANGE } from '@topgun/protocol';
import { MAP, type Row } from '../Case.js';
import { type Checker, Difference } from '../Checker.js';
import { assertSameRows } from '../expect.js';
import { namesHidden, readRules } from '../oracle/answer.js';
import { QueryNode, WRITER } from '../server/QueryNode.js';
import { Socket } from '../server/Socket.js';

/**
 * What devices hold that follow the query on a real engine: one that asked before the first row was there, one that asks again after
 * each batch, all on one node, so that views and evaluations are shared where they may be (QRY-1 to QRY-4, PERM-8). A query that names a hidden field is refused (PERM-9).
 */
export const serverEngine: Checker = {
  name: 'server',
  check({ query, policies, rows, batches, indexes }, { of }) {
    const node = new QueryNode(policies, indexes);
    const writer = new Socket(node, WRITER);
    const isRefused = readRules(policies).length === 0 || namesHidden(query, policies);
    const devices = of.map(({ who: { sub, claims }, answers }) => {
      const socket = new Socket(node, { sub, roles: ['user'], claims });
      return { sub, answers, socket, early: new Followed(socket, 'early', query, isRefused) };
    });
    const compare = (at: number): void => {
      for (const { sub, answers, socket, early } of devices) {
        const expected = isRefused ? [] : byKey(answers[at] ?? []);
        assertSameRows(`what ${sub} holds after batch ${at}`, byKey(early.rows()), expected);
        const late = new Followed(socket, 'late', query, isRefused);
        assertSameRows(`what ${sub} is answered after batch ${at}`, byKey(late.rows()), expected);
        late.close();
      }
    };
    if (rows.length > 0) writer.write(rows);
    compare(0);
    for (const [at, batch] of batches.entries()) {
      writer.write(batch);
      compare(at + 1);
    }
  },
};

/** A query that a connection follows. */
class Followed {
  readonly #socket: Socket;
  readonly #id: string;
  readonly #held = new Map<string, unknown>();
  #version = 0;

  constructor(socket: Socket, id: string, query: QuerySpec, isRefused: boolean) {
    this.#socket = socket;
    this.#id = id;
    socket.send({ type: 'QUERY_SUB', query: id, map: MAP, ...query });
    const [refusal] = socket.take('ERROR').map(({ code }) => code);
    const expected = isRefused ? 'DENIED' : undefined;
    if (refusal !== expected) throw new Difference('the refusal of the query', refusal, expected);
  }

  close(): void {
    this.#socket.send({ type: 'QUERY_UNSUB', query: this.#id });
  }

  /** The rows held now. */
  rows(): Row[] {
    for (const { query, rows } of this.#socket.take('QUERY_RESP', this.#id))
      for (const [, , row] of rows) this.#put(query, row[1], row[5], 'ENTER');
    for (const { query, v, changes } of this.#socket.take('QUERY_UPDATE', this.#id)) {
      if (v !== ++this.#version)
        throw new Difference(`the version of an update of ${query}`, v, this.#version);
      for (const [kind, , , row] of changes) {
        if (kind === QUERY_CHANGE.LEAVE) {
          if (!this.#held.delete(row[1])) throw new Difference('a row that leaves', 'not held', row[1]);
        } else this.#put(query, row[1], row[5], kind === QUERY_CHANGE.ENTER ? 'ENTER' : 'UPDATE');
      }
    }
    return [...this.#held];
  }

  #put(query: string, key: string, value: unknown, kind: 'ENTER' | 'UPDATE'): void {
    if (this.#held.has(key) !== (kind === 'UPDATE'))
      throw new Difference(`${kind} of ${key} in ${query}`, kind, 'the other');
    this.#held.set(key, value);
  }
}

const byKey = (rows: readonly Row[]): Row[] => [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
