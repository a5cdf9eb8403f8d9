import { LIMITS } from '@topgun/protocol';
import type pg from 'pg';
import type { OwnershipBounds, OwnershipReply, OwnershipRequest } from '../../../engine/ownership/ports.js';
import { serverError } from '../../../errors.js';
import { connectionOptions, SYNCHRONOUS } from '../connection.js';
import type { DatabaseAddress } from '../databaseUrl.js';
import { readHome } from '../home.js';
import { ClusterLine, type ClusterLineParts } from './ClusterLine.js';
import { drainStatement, replyOf, type Self, statementOf } from './clusterStatements.js';

export interface ClusterDatabaseParts {
  readonly address: DatabaseAddress;
  readonly self: Self;
  readonly bounds: OwnershipBounds;
  /** Somebody made this version of the map. */
  readonly onMap: (version: number) => void;
  /** An answer did not come: what was asked may be done, now or later. Told once, until there are answers again. */
  readonly onFault: (error: unknown) => void;
  /** once: the database is another one than it was, so nothing that is known holds (STO-38) */
  readonly onStopped: (error: Error) => void;
}

/** Every call of `next_map` tells this channel, for all schemas of a database. */
const CHANNEL = 'topgun_map';

/**
 * How a node asks the database about the cluster. It has two connections of its own, besides the pool of the store: one for renewals alone,
 * so that neither a full pool nor a change that waits for a lock delays them, and one for changes.
 */
export class ClusterDatabase {
  readonly #parts: ClusterDatabaseParts;
  readonly #lines: Readonly<Record<'pulse' | 'work', ClusterLine>>;
  readonly #orders: Pick<ClusterLineParts, 'options' | 'admit'>;
  #home: string | undefined;
  #isStopped = false;
  #isSilent = false;

  /** Throws CONFIG_INVALID when a file that the address names cannot be read. */
  constructor(parts: ClusterDatabaseParts) {
    this.#parts = parts;
    const options = { ...connectionOptions(parts.address), connectionTimeoutMillis: LIMITS.clusterPulseMs };
    const admit = (client: pg.Client): Promise<void> => this.#admit(client);
    this.#orders = { options, admit };
    this.#lines = {
      pulse: new ClusterLine({
        options,
        admit: async (client) => {
          await admit(client);
          await client.query(`listen ${CHANNEL}`);
        },
        onNotice: (payload) => this.#noticed(payload),
      }),
      work: new ClusterLine({ options, admit }),
    };
  }

  /** Never rejects; without an answer it is undefined. */
  async ask(line: 'pulse' | 'work', request: OwnershipRequest): Promise<OwnershipReply | undefined> {
    const { self, bounds, onFault } = this.#parts;
    try {
      const statement = statementOf(request, self, bounds);
      const row = await this.#lines[line].ask<{ readonly reply: unknown }>(statement, timeOf(request));
      this.#isSilent = false;
      return replyOf(request, row.reply);
    } catch (error) {
      if (!this.#isStopped && !this.#isSilent) onFault(error);
      this.#isSilent = true;
      return undefined;
    }
  }

  /**
   * Has a start of a node drain, this one or another (CLU-71); false: it is not there any more. Throws STORE_UNREACHABLE. On a connection of its
   * own: an operator must not hold up what the node asks.
   */
  async setDraining(node: string, boot: string): Promise<boolean> {
    const line = new ClusterLine(this.#orders);
    try {
      const { reply } = await line.ask<{ readonly reply: boolean }>(
        drainStatement(node, boot),
        LIMITS.clusterHandOverMs,
      );
      return reply;
    } catch (error) {
      throw serverError('STORE_UNREACHABLE', `The database did not take down that ${node} drains.`, error);
    } finally {
      line.close();
    }
  }

  close(): void {
    this.#isStopped = true;
    this.#lines.pulse.close();
    this.#lines.work.close();
  }

  #noticed(payload: string): void {
    const [schema, version] = payload.split(' ');
    if (schema === this.#parts.address.schema) this.#parts.onMap(Number(version));
  }

  async #admit(client: pg.Client): Promise<void> {
    const { shown } = this.#parts.address;
    const { text, isStandby } = await readHome(client);
    if (isStandby) throw serverError('STORE_READ_ONLY', `PostgreSQL at ${shown} follows another server.`);
    this.#home ??= text;
    if (this.#home !== text) {
      const error = serverError(
        'STORE_STOPPED',
        `The database at ${shown} is another one, or an older one, than was opened.`,
      );
      if (!this.#isStopped) this.#parts.onStopped(error);
      this.#isStopped = true;
      throw error;
    }
    await client.query(SYNCHRONOUS);
  }
}

/** A take-over waits for the commits of the dead node, which have a time of their own; nothing else waits for long. */
function timeOf({ type }: OwnershipRequest): number {
  if (type === 'takeOver') return LIMITS.databaseLockMs + LIMITS.databaseSilenceMs;
  return type === 'join' || type === 'renew' ? LIMITS.clusterPulseMs : LIMITS.clusterHandOverMs;
}
