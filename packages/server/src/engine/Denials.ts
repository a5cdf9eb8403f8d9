import type { AccessQuestion, PermissionPolicy, Principal } from '../security/PermissionPolicy.js';
import type { Considered } from '../security/policy/explainAccess.js';

/** What was denied to whom, for operators; never told to the one who was denied (PERM-13). Holds no value of a row. */
export interface Denial {
  /** rises by one with each; the same for repetitions that were counted into one */
  readonly id: number;
  /** ms since the epoch, of the first of them */
  readonly atMs: number;
  /** how often within the same second */
  count: number;
  readonly sub: string;
  readonly roles: readonly string[];
  readonly action: Denied['action'];
  readonly map: string;
  readonly key?: string;
  /** place in a query that names a field which is hidden (PERM-9) */
  readonly path?: string;
  /** the policies that name the map, those that got furthest first */
  readonly considered: readonly Considered[];
  /** policies that name the map beyond those listed */
  readonly more: number;
}

/** One refusal as the machine that refuses knows it. */
export interface Denied extends Omit<AccessQuestion, 'principal'> {
  readonly map: string;
  readonly key?: string;
  readonly path?: string;
}

/** Policies told with one denial. */
const CONSIDERED_MAX = 16;
/** Repetitions of one denial within this time are counted into it. */
const REPEAT_MS = 1_000;
/** Denials explained in that time; the rest of a flood is counted and costs next to nothing. */
const EXPLAINED_MAX = 100;

/** The last denials of a node, in memory alone. */
export class Denials {
  readonly #max: number;
  readonly #ring: Denial[] = [];
  #lastId = 0;
  #windowMs = 0;
  #explained = 0;
  /** denials that were too many at once to be told one by one */
  unexplained = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** The newest first. */
  list(): readonly Denial[] {
    return [...this.#ring].reverse();
  }

  note(policies: PermissionPolicy, principal: Principal, denied: Denied, now: number): void {
    const { action, map, key, path, old, next } = denied;
    const { sub, roles } = principal;
    const known = this.#recent(sub, denied, now);
    if (known !== undefined) {
      known.count++;
      return;
    }
    if (now - this.#windowMs >= REPEAT_MS) {
      this.#windowMs = now;
      this.#explained = 0;
    }
    if (++this.#explained > EXPLAINED_MAX) {
      this.unexplained++;
      return;
    }
    const { considered } = policies.explain(map, { principal, action, old, next });
    this.#ring.push({
      id: ++this.#lastId,
      atMs: now,
      count: 1,
      sub,
      roles,
      action,
      map,
      ...(key !== undefined && { key }),
      ...(path !== undefined && { path }),
      considered: considered.slice(0, CONSIDERED_MAX),
      more: Math.max(0, considered.length - CONSIDERED_MAX),
    });
    if (this.#ring.length > this.#max) this.#ring.shift();
  }

  /** The same denial, if it is of this second; the newest stand last, so no others are looked at. */
  #recent(sub: string, { map, action, path }: Denied, now: number): Denial | undefined {
    for (let at = this.#ring.length - 1; at >= 0; at--) {
      const denial = this.#ring[at] as Denial;
      if (now - denial.atMs >= REPEAT_MS) return undefined;
      if (denial.sub === sub && denial.map === map && denial.action === action && denial.path === path)
        return denial;
    }
    return undefined;
  }
}
