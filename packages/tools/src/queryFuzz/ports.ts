import type { QueryPorts } from '@topgun/core';
import { linearRegex } from '@topgun/search/regex';

/** What queries are given everywhere: the engine of regular expressions that ships. */
export const PORTS: QueryPorts = { regex: linearRegex };
