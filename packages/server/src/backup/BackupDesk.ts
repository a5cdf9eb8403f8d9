import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TopGunError } from '@topgun/core';
import type { ServerConfig } from '../config/schema.js';
import type { WallClock } from '../EngineHost.js';
import { serverError } from '../errors.js';
import { clearUnfinished, type ListedBackup, listBackups } from '../storage/embedded/backupStore.js';
import { EmbeddedStore } from '../storage/embedded/EmbeddedStore.js';
import type { Store } from '../storage/Store.js';
import type { Logger } from '../utils/logger.js';

const LOOK_MS = 60_000;
const HOUR_MS = 3_600_000;

export interface BackupDeskParts {
  readonly store: Store;
  readonly config: Pick<ServerConfig, 'dataDir' | 'backupHours' | 'backupKeep'> &
    Partial<Pick<ServerConfig, 'backupDir'>>;
  readonly clock: WallClock;
  readonly logger: Logger;
}

/** A backup that is being made. */
export interface RunningBackup {
  readonly name: string;
  /** ISO 8601 */
  readonly startedAt: string;
}

/** How the last backup of this process ended. */
export interface EndedBackup extends RunningBackup {
  /** ISO 8601 */
  readonly endedAt: string;
  /** why there is none of this name */
  readonly error?: { readonly code: string; readonly message: string };
}

/**
 * The backups of a running server: makes them one at a time in one folder, by itself when the newest is too old, and keeps
 * the newest ones (BAK-4 to BAK-6).
 */
export class BackupDesk {
  readonly #parts: BackupDeskParts;
  readonly #folder: string;
  #timer: NodeJS.Timeout | undefined;
  #running: RunningBackup | undefined;
  #last: EndedBackup | undefined;
  #restUntilMs = 0;

  constructor(parts: BackupDeskParts) {
    this.#parts = parts;
    this.#folder = parts.config.backupDir ?? join(parts.config.dataDir, 'backups');
  }

  get running(): RunningBackup | undefined {
    return this.#running;
  }

  get last(): EndedBackup | undefined {
    return this.#last;
  }

  /** Clears up after backups that were killed, and makes those that are due from now on. */
  async start(): Promise<void> {
    if (!(this.#parts.store instanceof EmbeddedStore)) return;
    await clearUnfinished(this.#folder);
    if (this.#parts.config.backupHours === 0) return;
    const look = (): void => void this.look().catch((error: unknown) => this.#complain(error));
    this.#timer = setInterval(look, LOOK_MS);
    this.#timer.unref();
  }

  /** A backup under way is given up when the store closes. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Begins a backup; `done` resolves when it is there or has failed. Throws BACKUP_RUNNING, BACKUP_UNSUPPORTED, SERVER_STATE. */
  begin(): { readonly name: string; readonly done: Promise<void> } {
    const { store, clock } = this.#parts;
    if (!(store instanceof EmbeddedStore))
      throw serverError('BACKUP_UNSUPPORTED', 'This server keeps its records in memory, or in a database.');
    if (this.#running !== undefined)
      throw serverError('BACKUP_RUNNING', `The backup ${this.#running.name} is being made.`);
    const now = new Date(clock.wallMs());
    const startedAt = now.toISOString();
    const name = startedAt.replaceAll(/[:.]/g, '-');
    // Throws before anything has begun when the store is not open.
    const copying = store.backup(join(this.#folder, name), now);
    this.#running = { name, startedAt };
    return { name, done: this.#finish({ name, startedAt }, copying) };
  }

  /** The oldest first. */
  list(): Promise<readonly ListedBackup[]> {
    return listBackups(this.#folder);
  }

  /** Throws BACKUP_MISSING. */
  async find(name: string): Promise<ListedBackup> {
    const found = (await this.list()).find((backup) => backup.name === name);
    if (found === undefined) throw serverError('BACKUP_MISSING', 'There is no backup of this name.');
    return found;
  }

  /** Throws BACKUP_MISSING. */
  async remove(name: string): Promise<void> {
    const { path } = await this.find(name);
    await rm(path, { recursive: true, force: true });
  }

  /** Makes a backup if one is due; resolves when it has ended. */
  async look(): Promise<void> {
    const nowMs = this.#parts.clock.wallMs();
    if (this.#running !== undefined || nowMs < this.#restUntilMs) return;
    const newest = (await this.list()).at(-1);
    const takenMs = newest === undefined ? 0 : Date.parse(newest.manifest.takenAt);
    if (nowMs - takenMs < this.#parts.config.backupHours * HOUR_MS) return;
    await this.begin().done;
  }

  async #finish(running: RunningBackup, copying: Promise<unknown>): Promise<void> {
    const { clock, logger } = this.#parts;
    let error: EndedBackup['error'];
    try {
      await copying;
      await this.#prune();
      logger.info({ backup: running.name }, 'backup made');
    } catch (thrown) {
      this.#complain(thrown);
      this.#restUntilMs = clock.wallMs() + HOUR_MS;
      error =
        thrown instanceof TopGunError
          ? { code: thrown.code, message: thrown.message }
          : { code: 'INTERNAL', message: 'The backup failed; the log of the server says why.' };
    }
    this.#last = { ...running, endedAt: new Date(clock.wallMs()).toISOString(), ...(error && { error }) };
    this.#running = undefined;
  }

  async #prune(): Promise<void> {
    const backups = await this.list();
    const old = backups.slice(0, Math.max(0, backups.length - this.#parts.config.backupKeep));
    for (const { path } of old) await rm(path, { recursive: true, force: true });
  }

  #complain(error: unknown): void {
    this.#parts.logger.error({ err: error }, 'a backup failed');
  }
}
