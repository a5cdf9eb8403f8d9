import { type BulkRow, type BulkTables, type ChangeRow, FORM, FORM_COUNT, LIMITS } from '@topgun/protocol';
import { isFields } from '../security/policy/fields.js';
import type { Row } from './Row.js';
import { RowWriter } from './RowWriter.js';

/**
 * Rows of a frame with many of them: what they share is said once. Rows of an app are alike, so the names of their fields
 * would be half of the frame.
 */
export class BulkWriter {
  readonly #rows = new RowWriter();
  readonly #shapes: (readonly string[])[] = [];
  readonly #shapeAt = new Map<string, number>();
  /** of the first row */
  #epoch: number | undefined;
  #t = 0;

  get tables(): BulkTables {
    return { epoch: this.#epoch ?? 0, t: this.#t, nodes: this.#rows.nodes, shapes: this.#shapes };
  }

  /** A row as it is seen; undefined: it is gone, or not to be seen. */
  row(row: Row, seen: unknown): BulkRow {
    if (this.#epoch === undefined) {
      this.#epoch = row.epoch;
      this.#t = row.t;
    }
    return this.#pack(
      seen === undefined ? this.#rows.gone(row, this.#epoch) : this.#rows.present(row, seen, this.#epoch),
    );
  }

  #pack(change: ChangeRow): BulkRow {
    const [form, key, n, t, node, value, ...rest] = change;
    const dt = t - this.#t;
    const isPlain = form === FORM.LWW_PRESENT || form === FORM.OR_PRESENT;
    if (isPlain && isFields(value)) {
      const shape = this.#shapeOf(Object.keys(value));
      if (shape >= 0)
        return [form + FORM_COUNT * (1 + shape), key, n, dt, node, Object.values(value), ...rest];
    }
    return change.length === 5 ? [form, key, n, dt, node] : [form, key, n, dt, node, value, ...rest];
  }

  /** -1 for fields that the frame is not to list. */
  #shapeOf(names: readonly string[]): number {
    const id = names.join('\0');
    const known = this.#shapeAt.get(id);
    if (known !== undefined) {
      // Names may hold any character, also the one between them.
      const shape = this.#shapes[known];
      return shape?.length === names.length && shape.every((name, i) => name === names[i]) ? known : -1;
    }
    const isListable = names.length <= LIMITS.mapKeyBytes && !names.includes('__proto__');
    if (!isListable || this.#shapes.length >= LIMITS.shapesPerFrame) return -1;
    this.#shapeAt.set(id, this.#shapes.length);
    return this.#shapes.push(names) - 1;
  }
}
