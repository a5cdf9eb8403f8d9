/**
 * The packets of SNTP (RFC 4330, RFC 5905 section 7.3), as far as a client needs them. All numbers are big endian.
 *
 *   byte 0       leap indicator (2 bits), version (3), mode (3: client, 4: server)
 *   byte 1       stratum: 1 to 15; 0 = kiss of death, and bytes 12..15 say why
 *   4..7, 8..11  root delay and root dispersion, s as 16.16
 *   24..31       originate: what the request carried as its transmit time
 *   32..39       when the request came in
 *   40..47       when the reply went out
 *
 * Times are seconds since 1900 as 32.32. In 2036 they begin anew: without the highest bit they lie after that (RFC 4330, 3).
 *
 * The transmit time of a request is a nonce instead of a time: the server only gives it back, and nobody who has not
 * seen the request can know it. When it was sent is remembered here.
 */
const PACKET_BYTES = 48;
const VERSION = 4;
const MODE_CLIENT = 3;
const MODE_SERVER = 4;
const LEAP_UNKNOWN = 3;
const STRATUM_MAX = 15;
/** s from 1900 to 1970, and from one era to the next */
const UNIX_S = 2_208_988_800;
const ERA_S = 2 ** 32;
/** A server farther from true time than this is worth nothing, ms (MAXDIST of RFC 5905). */
const DISTANCE_MS_MAX = 1_500;

/** The bytes of a nonce. */
export const NONCE_BYTES = 8;

/** What a server says: when the request reached it and when its reply left, ms since 1970, and how far it may be off, ms. */
export interface NtpReply {
  readonly receivedMs: number;
  readonly sentMs: number;
  readonly distanceMs: number;
}

/**
 * `foreign`: no answer to this request, so the answer may yet come. `unfit`: the server answers and is not to be
 * believed. `kiss`: it does not want to be asked, or not so often.
 */
export type NtpFault =
  | { readonly fault: 'foreign'; readonly reason: string }
  | { readonly fault: 'unfit'; readonly reason: string }
  | { readonly fault: 'kiss'; readonly reason: string };

export function encodeRequest(nonce: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PACKET_BYTES);
  bytes[0] = (VERSION << 3) | MODE_CLIENT;
  bytes.set(nonce.subarray(0, NONCE_BYTES), 40);
  return bytes;
}

/** Reads what came for a request with this nonce. */
export function readReply(bytes: Uint8Array, nonce: Uint8Array): NtpReply | NtpFault {
  if (bytes.length < PACKET_BYTES) return { fault: 'foreign', reason: `a packet of ${bytes.length} bytes` };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = view.getUint8(0);
  if ((head & 7) !== MODE_SERVER) return { fault: 'foreign', reason: `a packet of mode ${head & 7}` };
  if (nonce.some((byte, i) => bytes[24 + i] !== byte))
    return { fault: 'foreign', reason: 'an answer to another request' };
  const stratum = view.getUint8(1);
  if (stratum === 0) return { fault: 'kiss', reason: String.fromCharCode(...bytes.subarray(12, 16)) };
  if (head >> 6 === LEAP_UNKNOWN || stratum > STRATUM_MAX)
    return { fault: 'unfit', reason: 'it does not know the time itself' };
  const distanceMs = (secondsIn(view, 4) / 2 + secondsIn(view, 8)) * 1000;
  if (distanceMs > DISTANCE_MS_MAX)
    return { fault: 'unfit', reason: `it may be ${Math.round(distanceMs)} ms off` };
  const receivedMs = timeIn(view, 32);
  const sentMs = timeIn(view, 40);
  if (receivedMs === undefined || sentMs === undefined || sentMs < receivedMs)
    return { fault: 'unfit', reason: 'its times make no sense' };
  return { receivedMs, sentMs, distanceMs };
}

const secondsIn = (view: DataView, at: number): number => view.getUint32(at) / 2 ** 16;

/** ms since 1970; undefined where no time stands. */
function timeIn(view: DataView, at: number): number | undefined {
  const seconds = view.getUint32(at);
  const fraction = view.getUint32(at + 4) / 2 ** 32;
  if (seconds === 0 && fraction === 0) return undefined;
  const era = seconds < ERA_S / 2 ? ERA_S : 0;
  return (seconds + era - UNIX_S + fraction) * 1000;
}
