import { existsSync } from 'node:fs';
import { SetupError } from '../lib/SetupError.mjs';
import { aptInstall, canAptInstall } from './aptInstall.mjs';
import { onPath } from './onPath.mjs';
import { pieces } from './pieces.mjs';

/**
 * Resolves with the path of a program that the tests need. Order: its environment variable, PATH, on Debian as
 * root an installation. Throws SetupError with the exact command when none of these brings it.
 */
export async function resolvePiece(name) {
  const piece = pieces[name];
  const named = process.env[piece.env];
  if (named) {
    if (existsSync(named)) return named;
    throw new SetupError(
      `${piece.env} names ${named}, which does not exist.`,
      `Correct ${piece.env} or unset it.`,
    );
  }
  const present = onPath(piece.programs, piece.folders);
  if (present !== undefined) return present;
  if (canAptInstall()) {
    process.stdout.write(`Installing ${piece.debian.join(' ')} with apt-get…\n`);
    if (await aptInstall(piece.debian)) {
      const installed = onPath(piece.programs, piece.folders);
      if (installed !== undefined) return installed;
    }
  }
  throw new SetupError(
    `The tests need ${name}, which is not installed.`,
    `On Debian or Ubuntu run: sudo apt-get update && sudo apt-get install -y --no-install-recommends ${piece.debian.join(' ')}\nElsewhere: ${piece.elsewhere}`,
  );
}
