import { createHmac, timingSafeEqual } from 'node:crypto';
import { deserialize, LIMITS, negotiate, PROTOCOL_VERSION, serialize } from '@topgun/protocol';
import * as z from 'zod';

/**
 * How two nodes show each other that they know the secret of the cluster (CLU-40).
 *
 * Three frames: the listener names itself and draws a nonce; the dialler names itself, draws another, and proves; the listener proves. A
 * proof is an HMAC-SHA-256 under the secret over everything that either side has said and the part that the prover plays, so that neither a
 * proof of another handshake nor the other side's own is of use. The secret itself never travels, and who does not know it gets no further than his first
 * frame. What travels afterwards is as safe as its way: across networks of others use `wss:`.
 */

/** Which end of a link one is: who dialled, or who was dialled. */
export type LinkRole = 'dialler' | 'listener';

/** One end of a link, as it names itself. */
export interface LinkEnd {
  readonly name: string;
  /** of this start of the node */
  readonly boot: string;
  /** oldest and newest protocol version that it speaks */
  readonly versions: readonly [min: number, max: number];
  /** drawn for this handshake, 32 bytes */
  readonly nonce: Uint8Array;
}

/** Why a link did not come about. */
export type LinkRefusal = 'malformed' | 'secret' | 'version' | 'name' | 'late';

/** One version back is spoken, so that nodes can be renewed one after the other. */
export const LINK_VERSIONS: readonly [number, number] = [PROTOCOL_VERSION - 1, PROTOCOL_VERSION];

export const NONCE_BYTES = 32;
const PROOF_BYTES = 32;

const bytesOf = (count: number) => z.instanceof(Uint8Array).refine(({ length }) => length === count);
const version = z.int().min(0).max(1_000_000);
const end = [
  z.string().min(1).max(LIMITS.nodeIdChars),
  z.string().min(1).max(LIMITS.nodeIdChars),
  version,
  version,
  bytesOf(NONCE_BYTES),
] as const;
const challenge = z.tuple([z.literal('challenge'), ...end]);
const answer = z.tuple([z.literal('answer'), ...end, bytesOf(PROOF_BYTES)]);
const welcome = z.tuple([z.literal('welcome'), bytesOf(PROOF_BYTES)]);

const said = ({ name, boot, versions, nonce }: LinkEnd): unknown[] => [name, boot, ...versions, nonce];

export const packChallenge = (listener: LinkEnd): Uint8Array => serialize(['challenge', ...said(listener)]);

export const packAnswer = (dialler: LinkEnd, proof: Uint8Array): Uint8Array =>
  serialize(['answer', ...said(dialler), proof]);

export const packWelcome = (proof: Uint8Array): Uint8Array => serialize(['welcome', proof]);

/** undefined: it is none. */
export function readChallenge(frame: Uint8Array): LinkEnd | undefined {
  const read = readAs(challenge, frame);
  return read && endOf(read[1], read[2], read[3], read[4], read[5]);
}

/** undefined: it is none. */
export function readAnswer(
  frame: Uint8Array,
): { readonly end: LinkEnd; readonly proof: Uint8Array } | undefined {
  const read = readAs(answer, frame);
  return read && { end: endOf(read[1], read[2], read[3], read[4], read[5]), proof: read[6] };
}

/** The proof that it carries; undefined: it is none. */
export const readWelcome = (frame: Uint8Array): Uint8Array | undefined => readAs(welcome, frame)?.[1];

export function prove(secret: string, role: LinkRole, listener: LinkEnd, dialler: LinkEnd): Uint8Array {
  // Lengths stand in the bytes, so no two handshakes have the same.
  const text = serialize(['topgun link', role, said(listener), said(dialler)]);
  return createHmac('sha256', secret).update(text).digest();
}

export function isProven(
  proof: Uint8Array,
  secret: string,
  role: LinkRole,
  listener: LinkEnd,
  dialler: LinkEnd,
): boolean {
  return timingSafeEqual(proof, prove(secret, role, listener, dialler));
}

/** Newest version that both speak; undefined: there is none. */
export const commonVersion = (own: LinkEnd, other: LinkEnd): number | undefined =>
  negotiate(other.versions, own.versions);

function endOf(name: string, boot: string, min: number, max: number, nonce: Uint8Array): LinkEnd {
  return { name, boot, versions: [min, max], nonce };
}

function readAs<T>(schema: z.ZodType<T>, frame: Uint8Array): T | undefined {
  if (frame.length > LIMITS.linkAuthBytes) return undefined;
  try {
    return schema.safeParse(deserialize(frame)).data;
  } catch {
    return undefined; // outside of the strict wire profile
  }
}
