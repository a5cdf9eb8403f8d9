// The engine's own check is faster; engines from before 2023 lack it.
const engineCheck = (String.prototype as { isWellFormed?: () => boolean }).isWellFormed;

/** Whether a string has no lone surrogates, so that UTF-8 can carry it unchanged. */
function isWellFormed(text: string): boolean {
  // In unicode mode a pair reads as one code point, so only a lone surrogate matches.
  if (engineCheck === undefined) return !/\p{Surrogate}/u.test(text);
  // Reading a unit makes engines join a string that was put together of parts. It is one object from then on, and hashed
  // later it would have to be joined anyway.
  return (text.charCodeAt(text.length - 1) & 0xfc00) !== 0xd800 && engineCheck.call(text);
}

/** UTF-8 bytes of a well-formed string. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is two units and four bytes: two bytes per unit, so one more each.
    if (unit >= 0x80) bytes += unit < 0x800 || (unit & 0xf800) === 0xd800 ? 1 : 2;
  }
  return bytes;
}

/** Whether a string is well-formed and at most `bytesMax` UTF-8 bytes long. Short strings are not counted. */
export function fitsText(text: string, bytesMax: number): boolean {
  return (
    isWellFormed(text) &&
    (text.length * 3 <= bytesMax || (text.length <= bytesMax && utf8Length(text) <= bytesMax))
  );
}
