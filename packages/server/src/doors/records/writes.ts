import { createHash, randomBytes } from 'node:crypto';
import { CONCERN, type Concern, LIMITS, type OpsMessage } from '@topgun/protocol';
import { requestClient } from '../../engine/RequestSessions.js';
import type { RequestPeers } from '../../RequestPeers.js';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { HttpRequest } from '../Route.js';
import { frameOf } from './frameOf.js';
import { OpResults, type WriteResult } from './opResults.js';
import type { OpTable } from './opRows.js';
import { malformed } from './refusals.js';

/** Characters of a session on the wire: 64 bits. */
const SESSION_CHARS = 11;

const digest = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('base64url');

/** The client that requests of a principal belong to. */
export const clientOf = ({ sub }: Principal): string => requestClient(digest('client', sub));

/** Whom the engine takes a request for. */
export function identityOf(principal: Principal, remote: string) {
  return { principal, remote, clientId: clientOf(principal) };
}

/** `Idempotency-Key`; undefined without one. Throws 400. */
function keyIn({ headers }: HttpRequest): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || !/^[\x21-\x7e]+$/.test(key) || key.length > LIMITS.requestKeyChars)
    throw malformed(`Idempotency-Key is not 1 to ${LIMITS.requestKeyChars} visible ASCII characters.`);
  return key;
}

const CONCERNS: ReadonlyMap<string, Concern> = new Map(
  // There is always an answer.
  Object.entries(CONCERN).filter(([name]) => name !== 'FIRE_AND_FORGET'),
);

/** `?concern=`. Throws 400. */
function concernIn({ query }: HttpRequest): Concern {
  const concern = CONCERNS.get(query.get('concern') ?? 'PERSISTED');
  if (concern === undefined) throw malformed(`concern is none of ${[...CONCERNS.keys()].join(', ')}.`);
  return concern;
}

/**
 * Has ops done as the ops of a client are, and resolves with what became of each. With a key the session of the request follows from it,
 * so that the same ops under the same key are the same ops to the engine (REC-8). Throws PeerRefusal.
 */
export function perform(
  peers: RequestPeers,
  principal: Principal,
  request: HttpRequest,
  tableOf: () => OpTable,
): Promise<readonly WriteResult[]> {
  const key = keyIn(request);
  const concern = concernIn(request);
  const identity = identityOf(principal, request.remote);
  const { clientId } = identity;
  const id = key === undefined ? randomBytes(8).toString('base64url') : digest('key', clientId, key);
  const session = id.slice(0, SESSION_CHARS);
  return peers.serve({ ...identity, session }, async (peer, incarnation) => {
    // Stamped when it has been let in: in the turn in which the engine gets it.
    const table = tableOf();
    const ops: OpsMessage = { type: 'OPS', session, settledBelow: 0, incarnation, concern, ...table };
    const { message, bytes } = frameOf(ops);
    const results = new OpResults(table, { clientId, session });
    const done = await peer.ask(message, bytes, (answer) => results.take(answer));
    // Nobody knows its id. What was answered early may still be on its way, and is let go of in time.
    if (key === undefined && concern === CONCERN.PERSISTED) peer.say({ type: 'SESSION_END', session });
    return done;
  });
}
