import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChecklistFaults, tellChecklists, writeChecklists } from './checklists/checklists.js';
import { findDocFaults } from './docs/findDocFaults.js';
import type { Finding } from './Finding.js';
import { formatFinding } from './Finding.js';
import { findZodImports } from './imports/findZodImports.js';
import { findInvariantFaults } from './invariants/findInvariantFaults.js';
import { findUnquotedRules } from './invariants/findUnquotedRules.js';
import { findImpurities } from './purity/findImpurities.js';
import { findRoomViolations } from './rooms/findRoomViolations.js';

interface Check {
  /** what is said when all is well */
  readonly fine: string | ((root: string) => string);
  readonly find: (root: string) => Promise<readonly Finding[]> | readonly Finding[];
}

const checks: Readonly<Record<string, Check>> = {
  rooms: {
    fine: 'every import goes where the map of the house allows it, no cycles',
    find: findRoomViolations,
  },
  purity: { fine: 'core, protocol and every engine are free of time, chance and I/O', find: findImpurities },
  imports: { fine: "no import of zod's whole namespace object", find: findZodImports },
  invariants: {
    fine: 'every test that the catalogue of invariants names runs, and every rule of queries is quoted by one',
    find: (root) => [...findInvariantFaults(root), ...findUnquotedRules(root)],
  },
  checklists: { fine: tellChecklists, find: findChecklistFaults },
  docs: { fine: 'every TypeScript fence in the documents compiles', find: findDocFaults },
};

const name = process.argv[2] ?? '';
const check = checks[name];
if (check === undefined) {
  process.stderr.write(`There is no check "${name}". Use one of: ${Object.keys(checks).join(', ')}\n`);
  process.exitCode = 1;
} else {
  const root = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
  if (name === 'checklists' && process.argv[3] === '--write') writeChecklists(root);
  const findings = await check.find(root);
  const { fine } = check;
  const allWell = typeof fine === 'string' ? () => fine : fine;
  const report = findings.length === 0 ? allWell(root) : findings.map(formatFinding).join('\n');
  process.stdout.write(`${report}\n`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
