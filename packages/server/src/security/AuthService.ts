import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { serverError } from '../errors.js';
import type { Logger } from '../utils/logger.js';
import { keyFilesOf } from './keys/configuredKeys.js';
import { isLoopback } from './loopback.js';
import { OperatorFile } from './operators/OperatorFile.js';
import { Operators, subjectOf, versionOf } from './operators/Operators.js';
import { clusterOperatorKey, operatorKey } from './operators/operatorKey.js';
import type { Principal } from './PermissionPolicy.js';
import { FileRevocationStore } from './revocation/FileRevocationStore.js';
import type { Revocation } from './revocation/Revocations.js';
import type { SharedRevocationStore } from './revocation/SharedRevocationStore.js';
import type { SecurityManager, SecuritySettings } from './SecurityManager.js';

export interface AuthSettings extends SecuritySettings {
  readonly tokenHoursMax: number;
  readonly storage: 'embedded' | 'memory';
  readonly dataDir: string;
  readonly operatorsFile?: string | undefined;
  readonly cluster?: boolean | undefined;
  readonly clusterSecret?: string | undefined;
}

export interface AuthParts {
  readonly wallMs: () => number;
  readonly logger: Logger;
  /** other tokens are believed than before */
  readonly onChange: () => void;
  /** of a node of a cluster */
  readonly shared?: SharedRevocationStore | undefined;
}

/**
 * Keeps the security manager up to date while the server runs: looks at key files, fetches the JWKS, forgets old
 * revocations, and tells when sessions are to be judged again.
 */
export class AuthService {
  readonly security: SecurityManager;
  readonly operators: Operators;
  readonly #file: OperatorFile;
  readonly #settings: AuthSettings;
  readonly #parts: AuthParts;
  #timer: NodeJS.Timeout | undefined;
  /** the data folder may be somebody else's by now */
  #isStopped = false;
  /** stamps of the key files when they were last read; unknown at first, so that the first look reads them again */
  #seen = '';
  /** what was last wrong, told once */
  #problem: string | undefined;

  private constructor(
    security: SecurityManager,
    operators: Operators,
    file: OperatorFile,
    settings: AuthSettings,
    parts: AuthParts,
  ) {
    this.security = security;
    this.operators = operators;
    this.#file = file;
    this.#settings = settings;
    this.#parts = parts;
  }

  /**
   * Adds to a security manager what the server keeps: revocations, operators and their key. The data folder has to be locked
   * by now. Throws AUTH_KEY_INVALID, AUTH_FILE_INVALID, STORE_UNAVAILABLE.
   */
  static async open(
    security: SecurityManager,
    settings: AuthSettings,
    parts: AuthParts,
  ): Promise<AuthService> {
    const { storage, dataDir, operatorsFile, host, dev } = settings;
    // What must not be forgotten lies in the data folder, and in memory when the data does.
    const inFolder = (name: string): string | undefined =>
      storage === 'memory' ? undefined : join(dataDir, 'auth', name);
    try {
      const revocations = inFolder('revocations.jsonl');
      if (revocations !== undefined) await security.revocations.keepIn(new FileRevocationStore(revocations));
      // What the folder holds from before there was a cluster still counts here.
      if (parts.shared !== undefined) await security.revocations.keepIn(parts.shared);
      parts.shared?.listen((entries) => {
        security.revocations.heard(entries);
        parts.onChange();
      });
      const { cluster, clusterSecret } = settings;
      const signing =
        cluster && clusterSecret !== undefined
          ? clusterOperatorKey(clusterSecret)
          : await operatorKey(inFolder('operator.key'));
      security.keys.adopt(signing.key);
      const file = new OperatorFile(operatorsFile ?? inFolder('operators.json'));
      await file.read();
      const maySetUp = isLoopback(host) && !dev;
      const operators = new Operators({ file, signing, wallMs: parts.wallMs, maySetUp });
      return new AuthService(security, operators, file, settings, parts);
    } catch (cause) {
      if (cause instanceof TopGunError) throw cause;
      throw serverError('STORE_UNAVAILABLE', `${join(dataDir, 'auth')}: ${String(cause)}`, cause);
    }
  }

  start(): void {
    if (this.#isStopped) return;
    void this.look();
    this.#timer = setInterval(() => void this.look(), LIMITS.keyFilesEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#isStopped = true;
  }

  /** Who a token speaks for; undefined when it is not accepted, `unknown yet` when the key that it may be of cannot be fetched. */
  async principalOf(token: string | undefined): Promise<Principal | 'unknown yet' | undefined> {
    const verdict = await this.security.verify(token, this.#parts.wallMs());
    if ('principal' in verdict) return verdict.principal;
    return verdict.error === 'UNAVAILABLE' ? 'unknown yet' : undefined;
  }

  /** The status that refuses a token of a handshake; undefined when it is good. */
  async judgeToken(token: string): Promise<401 | 503 | undefined> {
    const verdict = await this.security.verify(token, this.#parts.wallMs());
    if ('principal' in verdict) return undefined;
    return verdict.error === 'UNAVAILABLE' ? 503 : 401;
  }

  /** Reads keys and operators again. Throws AUTH_KEY_INVALID; the old keys hold then. */
  async reloadKeys(): Promise<void> {
    this.#seen = await stampsOf(keyFilesOf(this.#settings));
    const isChanged = this.security.keys.reload();
    if (isChanged) this.#parts.logger.info('keys of tokens changed');
    // A JWKS may have changed too, which is seen where sessions are judged.
    const problem = await this.security.keys.refresh(this.#parts.wallMs(), true);
    this.#tell(problem);
    this.#parts.onChange();
    if (!this.#isStopped) await this.#readOperators();
  }

  /** Holds at once, resolves when it is durable. Throws REVOCATION_INVALID, REVOCATIONS_FULL, and what the disk refuses. */
  async revoke(revocation: Revocation): Promise<void> {
    const durable = this.security.revocations.add(revocation, this.#parts.wallMs());
    this.#parts.onChange();
    await durable;
    this.#parts.logger.info(
      'jti' in revocation ? 'a token was revoked' : 'the tokens of a subject were revoked',
    );
  }

  /** One look at everything that may have changed. Never rejects. */
  async look(): Promise<void> {
    try {
      const seen = await stampsOf(keyFilesOf(this.#settings));
      if (seen !== this.#seen) await this.reloadKeys();
      else {
        this.#tell(await this.security.keys.refresh(this.#parts.wallMs()));
        this.#parts.onChange();
        if (!this.#isStopped) await this.#readOperators();
      }
      if (!this.#isStopped) await this.security.revocations.prune(this.#parts.wallMs());
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error));
    }
  }

  /** Who is no operator any more, or with another password or other roles, has to sign in again. */
  async #readOperators(): Promise<void> {
    const before = this.#file.operators;
    if (!(await this.#file.read())) return;
    this.#parts.logger.info('operators changed');
    for (const old of before) {
      const operator = this.#file.find(old.name);
      if (operator !== undefined && versionOf(operator) === versionOf(old)) continue;
      // Tokens say when they were issued in whole seconds: one of this second may be a new one.
      const beforeMs = Math.floor(this.#parts.wallMs() / 1000) * 1000;
      await this.revoke({ sub: subjectOf(old.name), beforeMs });
    }
  }

  #tell(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem)
      this.#parts.logger.error({ problem }, 'keys or operators could not be read; the last ones hold');
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
