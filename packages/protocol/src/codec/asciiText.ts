/** Up to here a text of ASCII is put together by hand, which costs less than a call of the decoder. */
const SHORT_TEXT = 64;
/** For texts of each length their units, made when the first comes: a call takes its arguments from a whole array. */
const units: number[][] = [];

/** The text of these bytes; undefined when it is long, or not ASCII. */
export function asciiText(bytes: Uint8Array, from: number, length: number): string | undefined {
  if (length > SHORT_TEXT) return undefined;
  units[length] ??= new Array<number>(length).fill(0);
  const into = units[length];
  for (let i = 0; i < length; i++) {
    const byte = bytes[from + i] as number;
    if (byte > 0x7f) return undefined;
    into[i] = byte;
  }
  return String.fromCharCode.apply(null, into);
}
