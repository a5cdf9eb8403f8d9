import { describe, expect, it } from 'vitest';
import { findRoomViolations } from '../src/rooms/findRoomViolations.js';
import { plantTree } from './plantTree.js';

const manifest = (room: string, subpaths: readonly string[] = [], hidden: readonly string[] = []): string => {
  const entry = (name: string) => [name === 'index' ? '.' : `./${name}`, { default: `./dist/${name}.js` }];
  return JSON.stringify({
    name: `@topgun/${room}`,
    exports: Object.fromEntries(['index', ...subpaths, ...hidden].map(entry)),
    publishConfig: { exports: Object.fromEntries(['index', ...subpaths].map(entry)) },
  });
};

/** A small house in which every import is allowed. */
const soundHouse: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "planted" }',
  'packages/core/package.json': manifest('core'),
  'packages/core/src/index.ts': "export { HLC } from './HLC.js';\n",
  'packages/core/src/HLC.ts': 'export class HLC {}\n',
  'packages/protocol/package.json': manifest('protocol'),
  'packages/protocol/src/index.ts': "export { HLC } from '@topgun/core';\n",
  'packages/client/package.json': manifest('client', ['testing'], ['engine']),
  'packages/client/src/index.ts': "export { step } from './engine/step.js';\n",
  'packages/client/src/testing.ts': "export { step as probe } from './engine/step.js';\n",
  'packages/client/src/engine.ts': "export { step } from './engine/step.js';\n",
  'packages/client/src/engine/step.ts':
    "import { HLC } from '@topgun/core';\nexport const step = () => new HLC();\n",
  'packages/adapters/package.json': manifest('adapters'),
  'packages/adapters/src/index.ts': "export { probe } from '@topgun/client/testing';\n",
  'packages/react/package.json': manifest('react'),
  'packages/react/src/index.ts': "export { step } from '@topgun/client';\n",
  'packages/react/src/step.test.ts': "import { probe } from '@topgun/adapters';\nprobe();\n",
  'packages/server/package.json': manifest('server'),
  'packages/server/src/index.ts': "import { hostname } from 'node:os';\nexport const name = hostname();\n",
  'packages/sim/package.json': manifest('sim'),
  'packages/sim/src/index.ts': "export { step } from '@topgun/client/engine';\n",
  'apps/todo/package.json': '{ "name": "@topgun/todo" }',
  'apps/todo/src/main.tsx': "import { step } from '@topgun/client';\nstep();\n",
};

const plantings: readonly { what: string; file: string; text: string; rule: string }[] = [
  {
    what: 'core importing another room',
    file: 'packages/core/src/bad.ts',
    text: "import '@topgun/protocol';",
    rule: 'core-rooms',
  },
  {
    what: 'core importing an npm package',
    file: 'packages/core/src/bad.ts',
    text: "import 'zod';",
    rule: 'core-packages',
  },
  {
    what: 'core importing a Node module',
    file: 'packages/core/src/bad.ts',
    text: "import 'node:fs';",
    rule: 'core-node',
  },
  {
    what: 'protocol importing client',
    file: 'packages/protocol/src/bad.ts',
    text: "import '@topgun/client';",
    rule: 'protocol-rooms',
  },
  {
    what: 'client importing server',
    file: 'packages/client/src/bad.ts',
    text: "import '@topgun/server';",
    rule: 'client-rooms',
  },
  {
    what: 'client importing only a type from server',
    file: 'packages/client/src/bad.ts',
    text: "import type { name } from '@topgun/server';\nexport type N = typeof name;",
    rule: 'client-rooms',
  },
  {
    what: 'a client test importing server',
    file: 'packages/client/src/bad.test.ts',
    text: "import '@topgun/server';",
    rule: 'client-test-rooms',
  },
  {
    what: 'client importing a Node module',
    file: 'packages/client/src/bad.ts',
    text: "import 'node:fs';",
    rule: 'client-node',
  },
  {
    what: 'server importing client',
    file: 'packages/server/src/bad.ts',
    text: "import '@topgun/client';",
    rule: 'server-rooms',
  },
  {
    what: 'a room importing sim',
    file: 'packages/server/src/bad.ts',
    text: "import '@topgun/sim';",
    rule: 'closed-room',
  },
  {
    what: 'an app importing sim',
    file: 'apps/todo/src/bad.ts',
    text: "import '@topgun/sim';",
    rule: 'closed-room',
  },
  {
    what: 'a room importing what only its tests may',
    file: 'packages/react/src/bad.ts',
    text: "import '@topgun/adapters';",
    rule: 'react-rooms',
  },
  {
    what: 'a relative import into another package',
    file: 'packages/adapters/src/bad.ts',
    text: "import '../../client/src/engine/step.js';",
    rule: 'public-entries-only',
  },
  {
    what: 'an entry meant for the simulation, used by another room',
    file: 'packages/adapters/src/bad.ts',
    text: "import '@topgun/client/engine';",
    rule: 'public-entries-only',
  },
  {
    what: 'an app behind a public entry',
    file: 'apps/todo/src/bad.ts',
    text: "import '../../../packages/client/src/engine/step.js';",
    rule: 'public-entries-only',
  },
  {
    what: 'a subpath that is not declared',
    file: 'apps/todo/src/bad.ts',
    text: "import '@topgun/core/HLC';",
    rule: 'unresolvable',
  },
  {
    what: 'a file importing its own entry',
    file: 'packages/core/src/bad.ts',
    text: "import './index.js';",
    rule: 'own-entry',
  },
  {
    what: 'a package without a line in the map',
    file: 'packages/extra/src/index.ts',
    text: "import '@topgun/core';",
    rule: 'unknown-room',
  },
];

describe('the room rules', () => {
  it('find nothing in a sound house', async () => {
    expect(await findRoomViolations(plantTree(soundHouse))).toEqual([]);
  });

  it.each(plantings)('catch $what', async ({ file, text, rule }) => {
    const root = plantTree({ ...soundHouse, [file]: `${text}\n` });
    const caught = (await findRoomViolations(root)).filter((finding) => finding.file === file);
    expect(caught.map((finding) => finding.rule)).toContain(rule);
  });

  it('catch a cycle inside a package, even one of types', async () => {
    const root = plantTree({
      ...soundHouse,
      'packages/core/src/a.ts': "import type { B } from './b.js';\nexport interface A { b: B }\n",
      'packages/core/src/b.ts': "import type { A } from './a.js';\nexport interface B { a: A }\n",
    });
    expect((await findRoomViolations(root)).map((finding) => finding.rule)).toEqual(['cycle']);
  });
});
