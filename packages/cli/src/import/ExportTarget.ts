import type { TopGunClient, WriteHandle } from '@topgun/client';
import { transaction } from '@topgun/client/transactions';
import { encodeCanonical } from '@topgun/core';
import { valueFromJson } from '@topgun/protocol';
import type { ExportRow } from '@topgun/server';
import * as z from 'zod';
import type { RecordTarget } from './RecordTarget.js';

const name = z.string().min(1);
const whole = z.number().int();
const rowSchema = z.union([
  z.object({ map: name, key: name, value: z.unknown().refine(isThere), expiresAt: whole.optional() }),
  z.object({ map: name, key: name, element: z.unknown().refine(isThere), expiresAt: whole.optional() }),
  z.object({ map: name, key: name, total: whole }),
]);
type ExportedRow = z.output<typeof rowSchema>;

/** What a server holds of a map by now, as an export. */
export type HeldRows = (map: string) => AsyncIterable<{ readonly rows: readonly ExportRow[] }>;

/**
 * The rows of an export, each to its map (EXP-8, EXP-9). Of a set or a counter it asks once what is there; elements are
 * held as text while they are imported.
 */
export class ExportTarget implements RecordTarget {
  readonly #wallMs: () => number;
  readonly #heldRows: HeldRows;
  /** by set: its elements, those added by this run too */
  readonly #elements = new Map<string, Set<string>>();
  readonly #totals = new Map<string, number>();
  #client: TopGunClient | undefined;
  /** rows whose time was over */
  expired = 0;

  constructor(wallMs: () => number, heldRows: HeldRows) {
    this.#wallMs = wallMs;
    this.#heldRows = heldRows;
  }

  begin(client: TopGunClient): void {
    this.#client = client;
  }

  ready(value: unknown): Promise<void> | undefined {
    const row = rowIn(value);
    if (row === undefined || 'value' in row) return undefined;
    if ('element' in row) return this.#elements.has(row.map) ? undefined : this.#readSet(row.map);
    return this.#totals.has(row.map) ? undefined : this.#readTotal(row.map);
  }

  write(value: unknown): WriteHandle | string | undefined {
    const row = rowIn(value);
    if (row === undefined) return 'no row of an export';
    const expiresAt = 'total' in row ? undefined : row.expiresAt;
    const ttlMs = expiresAt === undefined ? undefined : expiresAt - this.#wallMs();
    if (ttlMs !== undefined && ttlMs <= 0) {
      this.expired++;
      return undefined;
    }
    try {
      return this.#write(row, ttlMs);
    } catch (error) {
      // Marks that hold something else.
      if (error instanceof SyntaxError || error instanceof RangeError) return error.message;
      throw error;
    }
  }

  #write(row: ExportedRow, ttlMs: number | undefined): WriteHandle | undefined {
    const client = this.#client;
    if (client === undefined) throw new Error('A target is written to before it has begun.');
    const { map, key } = row;
    if ('value' in row) return client.getMapWriter(map).set(key, valueFromJson(row.value), ttlMs);
    if ('total' in row) {
      const delta = row.total - (this.#totals.get(map) ?? 0);
      this.#totals.set(map, row.total);
      return delta === 0 ? undefined : transaction(client, (tx) => void tx.getPNCounter(map).add(delta));
    }
    const text = elementText(key, row.element);
    const held = this.#elements.get(map);
    if (held?.has(text)) return undefined;
    const write = transaction(client, (tx) => tx.getORMap(map).add(key, valueFromJson(row.element), ttlMs));
    held?.add(text);
    return write;
  }

  async #readSet(map: string): Promise<void> {
    const held = new Set<string>();
    for await (const { rows } of this.#heldRows(map))
      for (const row of rows) if ('element' in row) held.add(elementText(row.key, row.element));
    this.#elements.set(map, held);
  }

  async #readTotal(map: string): Promise<void> {
    let total = 0;
    for await (const { rows } of this.#heldRows(map))
      for (const row of rows) if ('total' in row) total = row.total;
    this.#totals.set(map, total);
  }
}

/** One for equal elements of a key, whatever the order of their fields. */
function elementText(key: string, element: unknown): string {
  return `${key}\n${Buffer.from(encodeCanonical(valueFromJson(element))).toString('latin1')}`;
}

function rowIn(value: unknown): ExportedRow | undefined {
  return rowSchema.safeParse(value).data;
}

function isThere(value: unknown): boolean {
  return value !== undefined;
}
