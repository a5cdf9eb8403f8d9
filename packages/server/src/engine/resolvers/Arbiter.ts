import { assertAdmitted, compareStamps, deepEqual, isExpired, TopGunError } from '@topgun/core';
import { BASE, type ErrorCode, LIMITS } from '@topgun/protocol';
import type { Principal } from '../../security/PermissionPolicy.js';
import { DENIED, type Rights } from '../../security/policy/Rights.js';
import type { Gate } from '../Gate.js';
import { mapOf, type Op, type Write } from '../Op.js';
import type { OwnerClock } from '../OwnerClock.js';
import { type Row, readableOf } from '../Row.js';
import { bytesOfValue } from '../sizeOf.js';
import type { MapResolver } from './Resolvers.js';

/** The version that a ruling puts in place of the one that stands. */
export interface NewVersion {
  /** undefined = removed */
  readonly value: unknown;
  readonly t: number;
  readonly node: string;
  /** the op it was made from */
  readonly from: string;
  /** subject of whoever created the record */
  readonly owner: string | undefined;
  /** it is not, word for word, what the writer asked for */
  readonly isChanged: boolean;
}

/**
 * What becomes of one write on a map with a resolver. Without a version the one that stands is kept. `isHidden`: the
 * writer may not see it, and must learn nothing from the answer.
 */
export type Ruling =
  | { readonly code: ErrorCode; readonly reason?: string }
  | { readonly version: NewVersion | undefined; readonly isHidden: boolean };

/** How an op is named in the version it made, and by the base of a later one (SRV-7, ID-3). */
export function originOf(session: string, seq: number): string {
  return `${session}:${seq}`;
}

/**
 * Judges writes by the resolver of their map (SRV-7). It changes nothing, the clock included: a stamp of its own lies
 * above all that the clock has seen, and the clock is raised to it once the op is admitted.
 */
export class Arbiter {
  readonly #gate: Gate;
  readonly #clock: OwnerClock;

  constructor(gate: Gate, clock: OwnerClock) {
    this.#gate = gate;
    this.#clock = clock;
  }

  /** `value`: what the writer's rights let it put; undefined for a removal. `current`: what stands, staged state included. */
  rule(
    resolver: MapResolver,
    op: Op,
    write: Write,
    current: Row | undefined,
    value: unknown,
    rights: Rights,
    now: number,
  ): Ruling {
    const isHidden = current !== undefined && !this.#gate.sees(op.conn, current);
    const order = current === undefined ? 1 : compareStamps(op.t, op.node, current.t, current.node);
    const isCausal = current !== undefined && isMadeOn(write, current);
    const isLater = isCausal || order > 0;
    const standing =
      current?.value === undefined || isExpired(current.t, current.ttlMs, now) ? undefined : current;
    // A removal that is later, or that the writer had not seen, has the last word, as on every map.
    if (standing === undefined && !isLater) return { version: undefined, isHidden };
    const said = resolver.resolve({
      map: current?.map ?? mapOf(op, write.mapIdx),
      key: write.key,
      existing: standing && { value: standing.value, owner: standing.owner },
      incoming: { value, ttlMs: write.ttlMs },
      isCausal,
      isBlind: write.base === null,
      isLater,
      // Nobody but the authenticated may send ops.
      principal: op.conn.principal as Principal,
    });
    if (said === undefined) return { code: isHidden ? 'DENIED' : 'RESOLVER_FAILED' };
    if (said.action === 'reject') {
      if (isHidden) return { code: 'DENIED' };
      // It may speak of any field of what stands.
      const isMasked = standing !== undefined && rights.view.project(standing.value) !== standing.value;
      return isMasked ? { code: 'RESOLVER_REJECTED' } : { code: 'RESOLVER_REJECTED', reason: said.reason };
    }
    if (said.action === 'keep') return { version: undefined, isHidden };
    const made = said.action === 'merge' ? rights.complete(readableOf(standing), said.value) : value;
    if (made === DENIED) return { code: 'DENIED' };
    if (said.action === 'merge' && !isStorable(made))
      return { code: isHidden ? 'DENIED' : 'VALUE_NOT_ADMITTED' };
    const isAsAsked = said.action === 'accept' || deepEqual(made, value);
    if (!isAsAsked && standing !== undefined && deepEqual(made, standing.value))
      return { version: undefined, isHidden };
    // What was asked for keeps its stamp, if that lies above what stands; all else is a version of the owner's.
    const isOwn = isAsAsked && order > 0;
    const t = isOwn ? op.t : Math.max(this.#clock.highWater, op.t, current?.t ?? 0) + 1;
    const version = {
      // The payload itself, where it is stored as it came: its hash is made once.
      value: isAsAsked ? value : made,
      t,
      node: isOwn ? op.node : this.#clock.node,
      from: originOf(op.session.session, op.seq),
      owner: standing === undefined ? op.conn.principal?.sub : standing.owner,
      isChanged: !isOwn,
    };
    return { version, isHidden };
  }
}

/** The writer had seen this very version: by its stamp, or as what one of its own ops became. */
function isMadeOn({ base }: Write, { t, node, from }: Row): boolean {
  if (base === null) return false;
  return base[0] === BASE.STAMP ? base[1] === t && base[2] === node : originOf(base[1], base[2]) === from;
}

/** A made value is admitted as any other, and fits a frame on its way to every device. */
function isStorable(value: unknown): boolean {
  try {
    assertAdmitted(value);
  } catch (error) {
    if (error instanceof TopGunError) return false;
    throw error;
  }
  return bytesOfValue(value) <= LIMITS.replyBytes;
}
