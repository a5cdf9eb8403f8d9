import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import { SignJWT } from 'jose';
import type { Principal } from '../PermissionPolicy.js';
import { LoginLimits } from './LoginLimits.js';
import type { Operator, OperatorFile } from './OperatorFile.js';
import type { OperatorKey } from './operatorKey.js';
import { isPassword, NOBODY } from './passwordHash.js';

export interface SignedIn {
  readonly token: string;
  /** ms since the epoch */
  readonly expiresAtMs: number;
  readonly roles: readonly string[];
}

/** Why nobody was signed in. */
export type LoginRefusal =
  | { readonly refused: 'AUTH_FAILED' | 'NOT_FOUND' }
  | { readonly refused: 'RATE' | 'UNAVAILABLE'; readonly retryAfterMs: number };

export interface OperatorParts {
  readonly file: OperatorFile;
  readonly signing: OperatorKey;
  readonly wallMs: () => number;
  /** the first operator may be made over HTTP, with a token that only who started the server is told */
  readonly maySetUp: boolean;
}

const FIRST_ROLES = ['ADMIN'] as const;
/** What a login is told to wait while others are checked; ms. */
const BUSY_MS = 1_000;

/** Signs operators in (AUTH-50 to AUTH-53). */
export class Operators {
  readonly #parts: OperatorParts;
  readonly #limits = new LoginLimits();
  readonly #setupToken = randomBytes(24).toString('base64url');
  #checking = 0;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** For the one who started the server: makes the first operator; undefined when there is one, or where that is not offered. */
  get setupToken(): string | undefined {
    const { maySetUp, file } = this.#parts;
    return maySetUp && file.operators.length === 0 ? this.#setupToken : undefined;
  }

  /** Whether anybody can sign in. */
  get any(): boolean {
    return this.#parts.file.operators.length > 0;
  }

  login(name: string, password: string, address: string): Promise<SignedIn | LoginRefusal> {
    return this.#attempt(name, address, async () => {
      const operator = this.#parts.file.find(name);
      const isRight = await isPassword(password, operator?.passwordHash ?? NOBODY);
      return isRight ? operator : undefined;
    });
  }

  /** Another token for that of an operator who signed in less than half a day ago and is still one. */
  async refresh(principal: Principal): Promise<SignedIn | LoginRefusal> {
    const { file, signing, wallMs } = this.#parts;
    const { auth_time: signedInAtS, ver } = principal.claims;
    const operator = file.find(principal.sub.replace(/^operator:/, ''));
    const isSame = operator !== undefined && ver === versionOf(operator);
    const isOwn = principal.keyId === signing.key.id && typeof signedInAtS === 'number';
    if (!isOwn || !isSame || signedInAtS * 1000 + LIMITS.operatorSessionMs <= wallMs())
      return { refused: 'AUTH_FAILED' };
    return this.#sign(operator, signedInAtS * 1000);
  }

  /** Makes the first operator. Throws OPERATOR_INVALID, and what the disk refuses. */
  async setUp(
    token: string,
    name: string,
    password: string,
    address: string,
  ): Promise<SignedIn | LoginRefusal> {
    const wanted = this.setupToken;
    if (wanted === undefined) return { refused: 'NOT_FOUND' };
    // Names of operators are never empty.
    return this.#attempt('', address, async () => {
      const isRight = timingSafeEqual(sha256(token), sha256(wanted));
      return isRight ? this.#parts.file.put(name, password, FIRST_ROLES, true) : undefined;
    });
  }

  /** Signs in whom `find` finds, if there is room for another attempt and not too many have failed. */
  async #attempt(
    name: string,
    address: string,
    find: () => Promise<Operator | undefined>,
  ): Promise<SignedIn | LoginRefusal> {
    if (this.#checking >= LIMITS.passwordsAtOnce) return { refused: 'UNAVAILABLE', retryAfterMs: BUSY_MS };
    this.#checking++;
    try {
      const retryAfterMs = await this.#limits.begin(name, address);
      if (retryAfterMs !== undefined) return { refused: 'RATE', retryAfterMs };
      const operator = await find();
      if (operator === undefined) return { refused: 'AUTH_FAILED' };
      await this.#limits.succeeded(name, address);
      return await this.#sign(operator, this.#parts.wallMs());
    } finally {
      this.#checking--;
    }
  }

  async #sign(operator: Operator, signedInAtMs: number): Promise<SignedIn> {
    const { signing, wallMs } = this.#parts;
    await signing.keep();
    const { key } = signing;
    const { name, roles } = operator;
    const now = wallMs();
    const endMs = Math.min(now + LIMITS.operatorTokenMs, signedInAtMs + LIMITS.operatorSessionMs);
    const exp = Math.floor(endMs / 1000);
    const claims = {
      roles,
      // Over the JSON WebSocket too, what an operator may hear is for the policies to say (WSJ-3).
      scope: 'ws:connect',
      auth_time: Math.floor(signedInAtMs / 1000),
      ver: versionOf(operator),
    };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: key.alg, ...(key.kid !== undefined && { kid: key.kid }) })
      .setIssuer(key.issuer)
      .setAudience(key.audience)
      .setSubject(subjectOf(name))
      .setJti(randomUUID())
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(exp)
      .sign(key.key);
    return { token, expiresAtMs: exp * 1000, roles };
  }
}

/** What the tokens of an operator speak for. */
export const subjectOf = (name: string): string => `operator:${name}`;

/** Another password or other roles are another version. */
export function versionOf({ passwordHash, roles }: Operator): string {
  return sha256(JSON.stringify([passwordHash, roles]))
    .toString('base64url')
    .slice(0, 16);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
