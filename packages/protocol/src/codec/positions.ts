/** A place in every partition as few bytes: what a cursor consists of, besides its proof (RES-3). */
import { PARTITION_COUNT } from '../messages/constants.js';
import type { Position } from '../messages/rows.js';

const FORMAT = 1;
/** Epochs that are named: more would not fit into a cursor. */
const EPOCHS_MAX = 16;
const BYTE = 0x80;

/**
 * The same places in the last 16 epochs among them, less those to be left free for later ones. A place in an older epoch
 * becomes the start of the oldest that is kept: a partition that has left an epoch never changes in it again, so nothing
 * lies between the two.
 */
export function roundPositions(places: readonly Position[], free = 0): Position[] {
  const oldest = epochsOf(places).at(free - EPOCHS_MAX) ?? 0;
  return places.map((place) => (place[1] < oldest ? [place[0], oldest, 0] : place));
}

const epochsOf = (places: readonly Position[]): number[] =>
  [...new Set(places.map(([, epoch]) => epoch))].sort((a, b) => a - b);

/**
 * `FORMAT`, the epochs (their number, the first one, then differences, rising), and for partition after partition
 * `1 + n * epochs + index of the epoch`, or 0 and the length of a run of partitions without a place. All are
 * little-endian numbers of seven bits a byte. Places in more than 16 epochs are rounded.
 */
export function packPositions(places: readonly Position[]): Uint8Array {
  const rounded = roundPositions(places);
  const epochs = epochsOf(rounded);
  const bytes = [FORMAT];
  write(bytes, epochs.length);
  epochs.forEach((epoch, i) => {
    write(bytes, epoch - (epochs[i - 1] ?? 0));
  });
  const byPid = new Map(rounded.map((place) => [place[0], place]));
  for (let pid = 0; pid < PARTITION_COUNT; ) {
    const place = byPid.get(pid);
    let run = 0;
    while (pid + run < PARTITION_COUNT && !byPid.has(pid + run)) run++;
    if (place === undefined) {
      write(bytes, 0);
      write(bytes, run);
    } else {
      write(bytes, 1 + place[2] * epochs.length + epochs.indexOf(place[1]));
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
