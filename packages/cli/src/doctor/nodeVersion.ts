import type { Check } from './Check.js';

/** The lowest Node that the packages are tested with; the same as `engines` in their manifests. */
const FLOOR: readonly [major: number, minor: number] = [20, 19];

export const nodeVersion: Check = {
  name: 'Node.js',
  run: async () => judgeNode(process.versions.node),
};

export function judgeNode(version: string): Awaited<ReturnType<Check['run']>> {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > FLOOR[0] || (major === FLOOR[0] && minor >= FLOOR[1]);
  return enough
    ? { level: 'ok', detail: version }
    : { level: 'fail', detail: version, remedy: `Install Node ${FLOOR.join('.')} or later.` };
}
