import { randomBytes } from 'node:crypto';

/** The UUID that a request is traced by: the given one, in lower case and with dashes; a new one where none is given or another text is (BRG-4). */
export function traceIdOf(given: string | null, nowMs: number): string {
  const digits = given?.toLowerCase().match(/^[\da-f]{8}(-?)([\da-f]{4}\1){3}[\da-f]{12}$/)?.[0];
  return digits === undefined ? uuidV7(nowMs) : dashed(digits.replaceAll('-', ''));
}

/** RFC 9562: 48 bits of time in ms, version, 12 bits by chance, variant, 62 bits by chance. */
function uuidV7(nowMs: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return dashed(bytes.toString('hex'));
}

const dashed = (digits: string): string =>
  digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
