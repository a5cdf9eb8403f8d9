import { randomBytes } from 'node:crypto';
import type { Home } from './FolderHome.js';
import { isSameHome, moveIn, readHome } from './FolderHome.js';
import type { StoreFiles } from './StoreFiles.js';

const INCARNATION_ROW = '.incarnation';
const HOME_ROW = '.home';
const RENEWED_ROW = '.renewed';

/** What the data file notes of its folder: the home it had, and the word of the next one from before it has it. */
interface NotedHome {
  readonly home?: Home;
  readonly next?: string;
  /** a restore has begun the present life and knows no home: the life before it */
  readonly restored?: string;
}

export interface Life {
  readonly incarnation: string;
  /** the life before, if the data was found to be a copy or an older state */
  readonly renewedFrom?: string;
  /** when the present life began, if not with the store itself, ms */
  readonly renewedAtMs?: number;
}

/**
 * The life of the data in a folder: its incarnation, drawn when the store is made, and drawn anew when the data turns out
 * to be a copy or an older state of itself (INC-1). A new life is durable before anybody hears of it.
 */
export async function openLife(
  folder: string,
  files: Pick<StoreFiles, 'putMeta'>,
  meta: ReadonlyMap<string, unknown>,
): Promise<Life> {
  const before = meta.get(INCARNATION_ROW);
  // Written by this function.
  const noted = meta.get(HOME_ROW) as NotedHome | undefined;
  const isMoved =
    noted !== undefined &&
    noted.restored === undefined &&
    !isSameHome(await readHome(folder), noted.home, noted.next);
  const incarnation = before === undefined || isMoved ? drawIncarnation() : String(before);
  const home = await moveIn(folder, (next) =>
    files.putMeta(
      new Map<string, unknown>([
        [INCARNATION_ROW, incarnation],
        [HOME_ROW, { ...(!isMoved && noted), next }],
        ...(isMoved ? [[RENEWED_ROW, now()] as const] : []),
      ]),
    ),
  );
  await files.putMeta(new Map([[HOME_ROW, { home } satisfies NotedHome]]));
  const renewedFrom = isMoved ? String(before) : noted?.restored;
  const renewedAt = isMoved ? now() : meta.get(RENEWED_ROW);
  return {
    incarnation,
    ...(renewedFrom !== undefined && { renewedFrom }),
    ...(typeof renewedAt === 'number' && { renewedAtMs: renewedAt }),
  };
}

/** Begins a new life of a store that is open. Resolves when it is on the disk. */
export async function renewLife(files: StoreFiles): Promise<string> {
  const incarnation = drawIncarnation();
  await files.putMeta(
    new Map<string, unknown>([
      [INCARNATION_ROW, incarnation],
      [RENEWED_ROW, now()],
    ]),
  );
  return incarnation;
}

/** Begins the life of data that a restore has put into place: it has no home yet. */
export async function restoreLife(files: StoreFiles): Promise<string> {
  const restored = incarnationIn(files);
  const incarnation = drawIncarnation();
  await files.putMeta(
    new Map<string, unknown>([
      [INCARNATION_ROW, incarnation],
      [HOME_ROW, { restored } satisfies NotedHome],
      [RENEWED_ROW, now()],
    ]),
  );
  return incarnation;
}

export const incarnationIn = (files: StoreFiles): string => String(files.metaRows().get(INCARNATION_ROW));

/** Takes the rows of this module out of the facts of the node. */
export function dropLifeRows(meta: Map<string, unknown>): void {
  meta.delete(INCARNATION_ROW);
  meta.delete(HOME_ROW);
  meta.delete(RENEWED_ROW);
}

const now = (): number => Date.now();
const drawIncarnation = (): string => randomBytes(16).toString('base64url');
