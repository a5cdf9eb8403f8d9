import type { IForbiddenRuleType } from 'dependency-cruiser';
import type { Room } from './house.js';
import { closedRooms, house, privilegedRooms } from './house.js';
import type { PublicEntry } from './publicEntries.js';

const TESTS =
  '\\.(test|bench|test-d)\\.tsx?$|^packages/[^/]+/test/|^packages/[^/]+/src.*/testing/|^apps/[^/]+/e2e/';
const anyOf = (names: readonly string[]): string => `(${names.join('|')})`;
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The rules of dependency-cruiser that say what `house` says. */
export function roomRules(entries: readonly PublicEntry[]): IForbiddenRuleType[] {
  const doors = entries.filter((entry) => entry.published).map((entry) => `^${escaped(entry.source)}$`);
  return [
    ...Object.entries(house).flatMap(([name, room]) => rulesOfRoom(name, room)),
    {
      name: 'unknown-room',
      comment: 'every package has a line in packages/tools/src/rooms/house.ts',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/${anyOf(Object.keys(house))}/` },
      to: {},
    },
    {
      name: 'closed-room',
      comment: 'sim, bench and tools serve development; nothing that is shipped may lean on them',
      severity: 'error',
      from: { path: '^(packages|apps|bin)/', pathNot: closedRooms.map((name) => `^packages/${name}/`) },
      to: { path: `^packages/${anyOf(closedRooms)}/` },
    },
    {
      name: 'public-entries-only',
      comment:
        'a package is entered through src/index.ts or a subpath its package.json declares; tests may look behind',
      severity: 'error',
      from: {
        path: '^packages/([^/]+)/',
        pathNot: ['^packages/[^/]+/test/', ...privilegedRooms.map((name) => `^packages/${name}/`)],
      },
      to: { path: '^packages/', pathNot: ['^packages/$1/', ...doors] },
    },
    {
      name: 'public-entries-only',
      comment: 'apps use what any user of the packages could use',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/[^/]+/e2e/' },
      to: { path: '^(packages|apps)/', pathNot: ['^apps/$1/', '^apps/shared/', ...doors] },
    },
    {
      name: 'public-entries-only',
      comment: 'browser tests of one app may use the tools of another one: server, browser, waiting',
      severity: 'error',
      from: { path: '^apps/([^/]+)/e2e/' },
      to: {
        path: '^(packages|apps)/',
        pathNot: ['^apps/$1/', '^apps/shared/', '^apps/[^/]+/e2e/', ...doors],
      },
    },
    {
      name: 'own-entry',
      comment: 'inside a package import the file that holds the thing, not the list of exports',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/' },
      to: { path: '^packages/$1/src/index\\.tsx?$' },
    },
    {
      name: 'cycle',
      comment: 'two files that need each other are one idea, or the shared part wants a file of its own',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'unresolvable',
      comment: 'the import names a file or package that is not there, or a subpath that is not public',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'undeclared-dependency',
      comment: 'the package works here only because another one brought the dependency along',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'development-dependency',
      comment: 'whoever installs the package will not have it',
      severity: 'error',
      from: { path: '^packages/', pathNot: [TESTS, `^packages/${anyOf(closedRooms)}/`] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm-peer', 'npm', 'type-only'] },
    },
  ];
}

function rulesOfRoom(name: string, room: Room): IForbiddenRuleType[] {
  const own = `^packages/${name}/`;
  const rules: IForbiddenRuleType[] = [
    {
      name: `${name}-rooms`,
      comment: `${name} may import ${room.rooms.join(', ') || 'no other package'}`,
      severity: 'error',
      from: { path: own, pathNot: TESTS },
      to: otherRoomsThan([name, ...room.rooms]),
    },
    {
      name: `${name}-test-rooms`,
      comment: `what a test needs from further rooms is named in packages/tools/src/rooms/house.ts`,
      severity: 'error',
      from: { path: own },
      to: otherRoomsThan([name, ...room.rooms, ...(room.testRooms ?? [])]),
    },
  ];
  if (!room.node) {
    const nodePart = room.nodePart === undefined ? [] : [`${own}src/${room.nodePart}[./]`];
    rules.push({
      name: `${name}-node`,
      comment: `${name} runs in browsers too, where Node's modules are missing`,
      severity: 'error',
      from: { path: own, pathNot: [TESTS, ...nodePart] },
      to: { dependencyTypes: ['core'] },
    });
    if (nodePart.length > 0) {
      rules.push({
        name: `${name}-node-part`,
        comment: `src/${room.nodePart} of ${name} is for Node; what browsers load may not import it`,
        severity: 'error',
        from: { path: own, pathNot: [TESTS, ...nodePart] },
        to: { path: nodePart },
      });
    }
  }
  if (room.packages !== 'any') {
    // vitest: the conformance suites that a room exports are tests, run by whoever writes an adapter.
    const allowed = [...room.packages.map(escaped), 'vitest'];
    rules.push({
      name: `${name}-packages`,
      comment: `${name} may import ${room.packages.join(', ') || 'nothing'} from npm`,
      severity: 'error',
      from: { path: own, pathNot: TESTS },
      to: {
        pathNot: [
          '^(packages|apps)/[^/]+/(?!node_modules)',
          `(^|/)node_modules/(@types/)?${anyOf(allowed)}/`,
        ],
        dependencyTypesNot: ['core', 'local', 'aliased'],
      },
    });
  }
  return rules;
}

const otherRoomsThan = (names: readonly string[]) => ({
  path: '^(packages|apps|bin|scripts)/',
  pathNot: names.map((name) => `^packages/${name}/`),
});
