import { type ChangeRow, FORM, type Form } from '@topgun/protocol';
import type { Row } from './Row.js';

/** Rows of one frame in wire form, and the table of node ids they point into. */
export class RowWriter {
  readonly nodes: string[] = [];
  readonly #indexes = new Map<string, number>();

  /** A row as it is seen; `epoch` is the one named beside it in the frame. */
  present(row: Row, seen: unknown, epoch: number): ChangeRow {
    const value = row.kind === 'PN' ? row.value : seen;
    return this.#row(
      row.kind === 'LWW' ? FORM.LWW_PRESENT : row.kind === 'OR' ? FORM.OR_PRESENT : FORM.COUNTER,
      row,
      value,
      epoch,
    );
  }

  /** A row that is deleted, or not to be seen any more: both look alike. */
  gone(row: Row, epoch: number): ChangeRow {
    return this.#row(row.kind === 'OR' ? FORM.OR_GONE : FORM.LWW_GONE, row, undefined, epoch);
  }

  #row(form: Form, row: Row, value: unknown, epoch: number): ChangeRow {
    const { key, n, t } = row;
    const node = this.#nodeIndex(row.node);
    const ttlMs = value === undefined ? null : (row.ttlMs ?? null);
    if (row.epoch !== epoch) return [form, key, n, t, node, value ?? null, ttlMs, row.tag ?? null, row.epoch];
    if (row.tag !== undefined) return [form, key, n, t, node, value ?? null, ttlMs, row.tag];
    if (ttlMs !== null) return [form, key, n, t, node, value, ttlMs];
    return value === undefined ? [form, key, n, t, node] : [form, key, n, t, node, value];
  }

  #nodeIndex(node: string): number {
    let index = this.#indexes.get(node);
    if (index === undefined) {
      index = this.nodes.push(node) - 1;
      this.#indexes.set(node, index);
    }
    return index;
  }
}
