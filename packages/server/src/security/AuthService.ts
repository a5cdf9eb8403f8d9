import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@topgun/protocol';
import type { Logger } from '../utils/logger.js';
import { keyFilesOf } from './keys/configuredKeys.js';
import { FileRevocationStore } from './revocation/FileRevocationStore.js';
import { MemoryRevocationStore } from './revocation/RevocationStore.js';
import { type Revocation, Revocations } from './revocation/Revocations.js';
import { SecurityManager, type SecurityParts, type SecuritySettings } from './SecurityManager.js';

export interface AuthSettings extends SecuritySettings {
  readonly tokenHoursMax: number;
}

export interface AuthParts {
  /** where the server keeps what it must not forget; undefined: nowhere */
  readonly folder: string | undefined;
  readonly wallMs: () => number;
  readonly logger: Logger;
  /** other tokens are believed than before */
  readonly onChange: () => void;
  readonly fetchText?: SecurityParts['fetchText'];
}

/**
 * Keeps the security manager up to date while the server runs: looks at key files, fetches the JWKS, forgets old
 * revocations, and tells when sessions are to be judged again.
 */
export class AuthService {
  readonly security: SecurityManager;
  readonly #settings: AuthSettings;
  readonly #parts: AuthParts;
  #timer: NodeJS.Timeout | undefined;
  #seen: string;
  /** what was last wrong, told once */
  #problem: string | undefined;

  private constructor(security: SecurityManager, settings: AuthSettings, parts: AuthParts, seen: string) {
    this.security = security;
    this.#settings = settings;
    this.#parts = parts;
    this.#seen = seen;
  }

  /** Throws AUTH_KEY_INVALID, DEV_NOT_LOOPBACK, AUTH_FILE_INVALID. */
  static async open(settings: AuthSettings, parts: AuthParts): Promise<AuthService> {
    const store =
      parts.folder === undefined
        ? new MemoryRevocationStore()
        : new FileRevocationStore(join(parts.folder, 'revocations.jsonl'));
    // Before the files are read: a change in between is found at the next look.
    const seen = await stampsOf(keyFilesOf(settings));
    const security = await SecurityManager.create(settings, {
      revocations: await Revocations.open(store, settings.tokenHoursMax),
      ...(parts.fetchText !== undefined && { fetchText: parts.fetchText }),
    });
    return new AuthService(security, settings, parts, seen);
  }

  start(): void {
    void this.look();
    this.#timer = setInterval(() => void this.look(), LIMITS.keyFilesEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Reads the keys again. Throws AUTH_KEY_INVALID; the old ones hold then. */
  async reloadKeys(): Promise<void> {
    this.#seen = await stampsOf(keyFilesOf(this.#settings));
    const isChanged = this.security.keys.reload();
    if (isChanged) this.#parts.logger.info('keys of tokens changed');
    // A JWKS may have changed too, which is seen where sessions are judged.
    const problem = await this.security.keys.refresh(this.#parts.wallMs(), true);
    this.#tell(problem);
    this.#parts.onChange();
  }

  /** Holds at once, resolves when it is durable. Throws REVOCATION_INVALID, REVOCATIONS_FULL, and what the disk refuses. */
  async revoke(revocation: Revocation): Promise<void> {
    const durable = this.security.revocations.add(revocation, this.#parts.wallMs());
    this.#parts.onChange();
    await durable;
    this.#parts.logger.info({ ...revocation }, 'revoked');
  }

  /** One look at everything that may have changed. Never rejects. */
  async look(): Promise<void> {
    try {
      const seen = await stampsOf(keyFilesOf(this.#settings));
      if (seen === this.#seen) {
        this.#tell(await this.security.keys.refresh(this.#parts.wallMs()));
        this.#parts.onChange();
      } else await this.reloadKeys();
      await this.security.revocations.prune(this.#parts.wallMs());
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error));
    }
  }

  #tell(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem)
      this.#parts.logger.error({ problem }, 'keys of tokens could not be read; the last ones hold');
    this.#problem = problem;
  }
}

/** Shows a change of files, also one by a link that points elsewhere. A missing file is told when it is read. */
async function stampsOf(files: readonly string[]): Promise<string> {
  const stamps = files.map((file) =>
    stat(file).then(
      ({ ino, mtimeMs, size }) => [file, ino, mtimeMs, size],
      () => [file],
    ),
  );
  return JSON.stringify(await Promise.all(stamps));
}
