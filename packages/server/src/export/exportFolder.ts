import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { PARTITION_COUNT } from '@topgun/core';
import { serverError } from '../errors.js';
import { EmbeddedStore } from '../storage/embedded/EmbeddedStore.js';
import type { StoredRecord } from '../storage/Store.js';
import { type ExportRow, exportRow } from './exportRow.js';

/** The rows of one partition. */
export interface FolderPage {
  readonly rows: readonly ExportRow[];
  /** the partition to go on with; undefined after the last */
  readonly next: number | undefined;
}

/**
 * What the embedded store of a stopped server holds of some maps, or of all, one partition at a time (EXP-7). Throws
 * STORE_MISSING and the codes of `Store.open`.
 */
export async function* exportFolder(
  folder: string,
  maps: ReadonlySet<string> | undefined,
  from = 0,
): AsyncGenerator<FolderPage> {
  if (!(await isThere(join(folder, 'data.mdb'))))
    throw serverError('STORE_MISSING', `${folder} holds no embedded store.`);
  const store = new EmbeddedStore({ folder });
  await store.open();
  try {
    for (let pid = from; pid < PARTITION_COUNT; pid++) {
      const rows: ExportRow[] = [];
      await store.scan(pid, (record) => {
        if (record.value !== undefined && (maps === undefined || maps.has(record.map)))
          rows.push(exportRow(record, shown(record)));
      });
      yield { rows, next: pid + 1 < PARTITION_COUNT ? pid + 1 : undefined };
    }
  } finally {
    await store.close();
  }
}

function shown({ kind, value }: StoredRecord): unknown {
  if (kind !== 'PN') return value;
  // A counter is stored as its two totals.
  const [plus, minus] = value as readonly [number, number];
  return plus - minus;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
