import { type ExportRow, exportFolder } from '@topgun/server';
import * as z from 'zod';
import { askServer, jsonOf, type ServerTarget } from '../askServer.js';

/** Rows of an export, and the place behind them, at which another run may go on. */
export interface Page {
  readonly rows: readonly ExportRow[];
  /** undefined at the end */
  readonly place: string | undefined;
}

const mapsSchema = z.looseObject({ maps: z.array(z.looseObject({ name: z.string() })) });
const pageSchema = z.looseObject({
  rows: z.array(z.looseObject({ map: z.string(), key: z.string() })),
  next: z.string().optional(),
});

/** What a server lets the token read of some maps, or of all, map by map. A place is `map`, a line break, the server's own. */
export async function* serverPages(
  target: ServerTarget,
  maps: readonly string[] | undefined,
  from: string | undefined,
): AsyncGenerator<Page> {
  const all =
    maps ?? (await jsonOf(await askServer(target, '/api/export'), mapsSchema)).maps.map(({ name }) => name);
  const names = [...new Set(all)].sort();
  const [begun, within] = from?.split('\n') ?? [];
  for (const [at, map] of names.entries()) {
    if (begun !== undefined && map < begun) continue;
    let next = map === begun ? within : undefined;
    do {
      const query = new URLSearchParams({ map, ...(next && { after: next }) });
      const page = await jsonOf(await askServer(target, `/api/export?${query}`), pageSchema);
      next = page.next;
      const following = names[at + 1];
      const place = next === undefined ? following : `${map}\n${next}`;
      // The server of this version wrote them.
      yield { rows: page.rows as unknown as readonly ExportRow[], place };
    } while (next !== undefined);
  }
}

/** What the folder of a stopped server holds. A place is the number of a partition. */
export async function* folderPages(
  folder: string,
  maps: readonly string[] | undefined,
  from: string | undefined,
): AsyncGenerator<Page> {
  const names = maps === undefined ? undefined : new Set(maps);
  for await (const { rows, next } of exportFolder(folder, names, Number(from ?? 0)))
    yield { rows, place: next === undefined ? undefined : String(next) };
}
