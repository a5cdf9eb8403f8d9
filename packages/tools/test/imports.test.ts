import { describe, expect, it } from 'vitest';
import { findZodImports } from '../src/imports/findZodImports.js';
import { plantTree } from './plantTree.js';

const found = (file: string, text: string) => findZodImports(plantTree({ [file]: `${text}\n` })).length;

describe('the rule about zod', () => {
  it.each([
    "import { z } from 'zod';",
    "import { z } from 'zod/mini';",
    "import { z as schema } from 'zod';",
    "import z from 'zod';",
    "export { z } from 'zod';",
  ])('catches %s in a room that browsers load', (text) => {
    expect(found('packages/protocol/src/bad.ts', text)).toBe(1);
  });

  it.each(["import * as z from 'zod/mini';", "import * as z from 'zod';", "import type { z } from 'zod';"])(
    'lets %s pass',
    (text) => {
      expect(found('packages/protocol/src/fine.ts', text)).toBe(0);
    },
  );

  it('lets server and cli use all of zod', () => {
    expect(found('packages/server/src/config/schema.ts', "import { z } from 'zod';")).toBe(0);
  });
});
