/** A place in every partition as few bytes: what a cursor consists of, besides its proof (RES-3). */
import { PARTITION_COUNT } from '../messages/constants.js';
import type { Position } from '../messages/types.js';

const FORMAT = 1;
/** Epochs that are named one by one: a partition that has rested for longer than that many boots costs its exact place. */
const EPOCHS_MAX = 16;
/** Enough for every place with n below 2^28, so for billions of changes in one epoch. */
const BYTES_MAX = 1_384;
const BYTE = 0x80;

/**
 * `FORMAT`, the epochs (their number, the first one, then differences, rising), and for partition after partition
 * `1 + n * epochs + index of the epoch`, or 0 and the length of a run of partitions without a place. All are
 * little-endian numbers of seven bits a byte.
 *
 * A place in an epoch that is not among the last 16 becomes the start of the oldest that is: since a partition that has
 * left an epoch never changes in it again, nothing lies between the two.
 */
export function packPositions(places: readonly Position[]): Uint8Array {
  const bytes = packWith(places, EPOCHS_MAX);
  return bytes.length <= BYTES_MAX ? bytes : packWith(places, 1);
}

function packWith(places: readonly Position[], epochsMax: number): Uint8Array {
  const epochs = [...new Set(places.map(([, epoch]) => epoch))].sort((a, b) => a - b).slice(-epochsMax);
  const bytes = [FORMAT];
  write(bytes, epochs.length);
  epochs.forEach((epoch, i) => {
    write(bytes, epoch - (epochs[i - 1] ?? 0));
  });
  const byPid = new Map(places.map((place) => [place[0], place]));
  for (let pid = 0; pid < PARTITION_COUNT; ) {
    const place = byPid.get(pid);
    let run = 0;
    while (pid + run < PARTITION_COUNT && !byPid.has(pid + run)) run++;
    if (place === undefined) {
      write(bytes, 0);
      write(bytes, run);
    } else {
      const at = epochs.indexOf(place[1]);
      write(bytes, 1 + (at < 0 ? 0 : place[2] * epochs.length + at));
    }
    pid += Math.max(1, run);
  }
  return Uint8Array.from(bytes);
}

/** The places, rising by partition; undefined for bytes that `packPositions` does not make. */
export function unpackPositions(bytes: Uint8Array): Position[] | undefined {
  let at = 0;
  let isRight = true;
  const read = (): number => {
    for (let value = 0, unit = 1; ; unit *= BYTE) {
      const byte = bytes[at++] ?? BYTE;
      value += (byte % BYTE) * unit;
      isRight &&= at <= bytes.length && value <= Number.MAX_SAFE_INTEGER;
      if (byte < BYTE || !isRight) return value;
    }
  };
  const places: Position[] = [];
  isRight = read() === FORMAT;
  const count = read();
  isRight &&= count <= EPOCHS_MAX;
  const epochs: number[] = [];
  for (let i = 0; isRight && i < count; i++) epochs.push((epochs[i - 1] ?? 0) + read());
  let pid = 0;
  while (isRight && pid < PARTITION_COUNT) {
    const code = read();
    const epoch = epochs[(code - 1) % count];
    if (code === 0) {
      const run = read();
      isRight &&= run > 0;
      pid += run;
    } else if (epoch === undefined) isRight = false;
    else places.push([pid++, epoch, Math.floor((code - 1) / count)]);
  }
  return isRight && pid === PARTITION_COUNT && at === bytes.length ? places : undefined;
}

function write(bytes: number[], number: number): void {
  let rest = number;
  for (; rest >= BYTE; rest = Math.floor(rest / BYTE)) bytes.push(BYTE + (rest % BYTE));
  bytes.push(rest);
}
