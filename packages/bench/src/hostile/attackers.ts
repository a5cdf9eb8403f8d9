import { createHash } from 'node:crypto';
import { Attacker, KINDS } from './Attacker.js';
import type { HostileAnswer, HostileRequest } from './requests.js';

/** Sockets of one address: fewer than a server lets one have. */
const PER_ADDRESS = 500;
/** The first address of the attackers; well-behaved clients come from 127.0.0.1. */
const FIRST = 2;

let attackers: Attacker[] = [];
const counts = { opened: 0, cut: 0 };

/** All attackers, in one process. They come over several addresses of this machine, for no server lets one have thousands of sockets. */
export function hostile({ what, port, sockets }: HostileRequest): HostileAnswer {
  if (what === 'attack') {
    attackers = Array.from({ length: sockets }, (_, i) => {
      const kind = KINDS[i % KINDS.length] ?? 'slow';
      const from = `127.0.0.${FIRST + Math.floor(i / PER_ADDRESS)}`;
      return new Attacker(kind, port, from, garbageOf(i), counts);
    });
    for (const attacker of attackers) attacker.open();
  } else if (what === 'rest') {
    for (const attacker of attackers) attacker.end();
    attackers = [];
  }
  const open = Object.fromEntries(
    KINDS.map((kind) => [
      kind,
      attackers.filter((attacker) => attacker.kind === kind && attacker.isOpen).length,
    ]),
  );
  return { open, ...counts };
}

/** Bytes that look like nothing, the same in every run. */
function garbageOf(seed: number): Buffer {
  const parts = Array.from({ length: 32 }, (_, i) => createHash('sha256').update(`${seed} ${i}`).digest());
  return Buffer.concat(parts);
}
