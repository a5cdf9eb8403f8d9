/** A place in every partition as few bytes: what a cursor consists of, besides its proof (RES-3). */
import { PARTITION_COUNT } from '../messages/constants.js';
import type { Position } from '../messages/rows.js';

const FORMAT = 1;
/** Epochs that rounded places are in. */
const EPOCHS_KEPT = 15;
const BYTE = 0x80;

/**
 * The same places in the last 15 epochs among them, which takes fewer bytes. A place in an older epoch becomes the start of the
 * oldest that is kept. Only where all partitions enter each epoch together: then one that is in an older one never changes in it
 * again, and nothing lies between the two.
 */
export function roundPositions(places: readonly Position[]): Position[] {
  const oldest = epochsOf(places).at(-EPOCHS_KEPT) ?? 0;
  const rounded: Position[] = [];
  for (const place of places) rounded.push(place[1] < oldest ? [place[0], oldest, 0] : place);
  return rounded;
}

function epochsOf(places: readonly Position[]): number[] {
  const epochs = new Set<number>();
  for (const [, epoch] of places) epochs.add(epoch);
  return [...epochs].sort((a, b) => a - b);
}

/**
 * `FORMAT`, the epochs (their number, the first one, then differences, rising), and for partition after partition
 * `1 + n * epochs + index of the epoch`, or 0 and the length of a run of partitions without a place. All are
 * little-endian numbers of seven bits a byte.
 */
export function packPositions(places: readonly Position[]): Uint8Array {
  const epochs = epochsOf(places);
  const bytes = [FORMAT];
  write(bytes, epochs.length);
  epochs.forEach((epoch, i) => {
    write(bytes, epoch - (epochs[i - 1] ?? 0));
  });
  const byPid = new Array<Position | undefined>(PARTITION_COUNT).fill(undefined);
  for (const place of places) byPid[place[0]] = place;
  for (let pid = 0; pid < PARTITION_COUNT; ) {
    const place = byPid[pid];
    let run = 0;
    while (pid + run < PARTITION_COUNT && byPid[pid + run] === undefined) run++;
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
  isRight &&= count <= PARTITION_COUNT;
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
