import { badRequest } from './BridgeRefusal.js';
import { clientIdFault } from './clientId.js';
import type { Heartbeat } from './frames.js';
import { traceIdOf } from './traceId.js';

/** What a hearer asks for. */
export interface EventsQuestion {
  /** as given, in the order given, each once */
  readonly clientIds: readonly string[];
  /** only messages with an id above it */
  readonly place: number;
  readonly heartbeat: Heartbeat;
  readonly tellsQueueDone: boolean;
  readonly traceId: string;
}

/** A message on its way to a mailbox; its body is read later. */
export interface MessageQuestion {
  readonly from: string;
  readonly to: string;
  readonly ttlS: number;
  /** asks for the webhooks; undefined where there is none */
  readonly topic: string | undefined;
  readonly traceId: string;
}

export interface VerifyQuestion {
  readonly clientId: string;
  readonly url: string;
}

/** BRG-10 to BRG-12. Throws `BridgeRefusal`. */
export function readEvents(
  query: URLSearchParams,
  lastEventIdHeader: string | undefined,
  nowMs: number,
): EventsQuestion {
  const heartbeat = query.get('heartbeat') ?? 'legacy';
  if (heartbeat !== 'legacy' && heartbeat !== 'message')
    throw badRequest('invalid heartbeat type. Supported: legacy and message');
  const place = readPlace(query, lastEventIdHeader);
  const ids = present(query, 'client_id').split(',');
  for (const id of ids) {
    const fault = clientIdFault(id);
    if (fault !== undefined)
      throw badRequest(`param "client_id" must be a valid public address, error: ${fault}`);
  }
  return {
    clientIds: ids.map((id) => id.trim()),
    place,
    heartbeat,
    tellsQueueDone: query.get('enable_queue_done_event')?.toLowerCase() === 'true',
    traceId: traceIdOf(query.get('trace_id'), nowMs),
  };
}

function readPlace(query: URLSearchParams, header: string | undefined): number {
  const ofHeader = header === undefined || header === '' ? 0n : int64(header);
  if (ofHeader === undefined) throw badRequest('Last-Event-ID should be int');
  const asked = query.get('last_event_id');
  const ofQuery = asked === null || ofHeader !== 0n ? 0n : int64(asked);
  if (ofQuery === undefined) throw badRequest('last_event_id should be int');
  const place = ofHeader === 0n ? ofQuery : ofHeader;
  if (place <= 0n) return 0;
  // No message has an id above that.
  return place > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(place);
}

/** BRG-21. Throws `BridgeRefusal`. */
export function readMessage(query: URLSearchParams, ttlSMax: number, nowMs: number): MessageQuestion {
  const from = address(query, 'client_id');
  const to = address(query, 'to');
  const ttl = int64(present(query, 'ttl'));
  if (ttl === undefined) throw badRequest('param "ttl" is not an integer');
  if (ttl > BigInt(ttlSMax)) throw badRequest('param "ttl" too high');
  if (ttl < 0n) throw badRequest('param "ttl" must not be negative');
  return {
    from,
    to,
    ttlS: Number(ttl),
    topic: query.get('topic') ?? undefined,
    traceId: traceIdOf(query.get('trace_id'), nowMs),
  };
}

/** BRG-28: of a JSON body the texts, of any other the query. Throws `BridgeRefusal`. */
export function readVerify(query: URLSearchParams, contentType: string, body: Buffer): VerifyQuestion {
  const given = textsIn(contentType, body) ?? query;
  const clientId = given.get('client_id') ?? '';
  if (clientId === '') throw badRequest('param "client_id" not present');
  const url = given.get('url') ?? '';
  if (url === '') throw badRequest('param "url" not present');
  if ((given.get('type') || 'connect').toLowerCase() !== 'connect')
    throw badRequest('param "type" must be: connect');
  return { clientId, url };
}

function textsIn(contentType: string, body: Buffer): ReadonlyMap<string, string> | undefined {
  if (!contentType.includes('application/json')) return undefined;
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const texts = Object.entries(parsed).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return texts.length === 0 ? undefined : new Map(texts);
  } catch {
    // A body that cannot be read says nothing: the query may.
    return undefined;
  }
}

function present(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (value === null) throw badRequest(`param "${name}" not present`);
  return value;
}

function address(query: URLSearchParams, name: string): string {
  const id = present(query, name);
  const fault = clientIdFault(id);
  if (fault !== undefined) throw badRequest(`failed to parse the "${name}" address: ${fault}`);
  return id.trim();
}

const INT64_MAX = 2n ** 63n - 1n;

/** Undefined for what is no integer of 64 bits in decimal digits. */
function int64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return value > INT64_MAX || value < -INT64_MAX - 1n ? undefined : value;
}
