/** What one room may import besides itself. */
export interface Room {
  /** Rooms, by their public entries only. */
  readonly rooms: readonly string[];
  /** Rooms that its tests may import in addition. */
  readonly testRooms?: readonly string[];
  /** npm packages; 'any' where the room runs in Node only and its package.json is the list. */
  readonly packages: readonly string[] | 'any';
  /** Whether Node's own modules are there: true only for rooms that never reach a browser. */
  readonly node: boolean;
  /** In a room for browsers, the part for Node: `src/<name>.ts`, a subpath, and `src/<name>/`. The rest may not import it. */
  readonly nodePart?: string;
}

/**
 * The map of the house (docs/ARCHITECTURE.md draws it). A room that is not listed fails the check, so a new
 * package begins with its line here.
 */
export const house: Readonly<Record<string, Room>> = {
  core: { rooms: [], packages: [], node: false },
  search: { rooms: ['core'], packages: ['minisearch', 're2js'], node: false },
  protocol: { rooms: ['core'], packages: ['zod', 'msgpackr'], node: false },
  client: { rooms: ['core', 'protocol'], testRooms: ['search'], packages: [], node: false },
  adapters: { rooms: ['core', 'protocol', 'client'], packages: ['idb'], node: false, nodePart: 'file' },
  react: { rooms: ['core', 'client'], testRooms: ['adapters', 'search'], packages: ['react'], node: false },
  server: { rooms: ['core', 'protocol', 'search'], packages: 'any', node: true },
  cli: { rooms: ['core', 'protocol', 'client', 'adapters', 'search', 'server'], packages: 'any', node: true },
  sim: { rooms: ['core', 'protocol', 'client', 'adapters', 'server'], packages: 'any', node: true },
  bench: { rooms: ['core', 'protocol', 'client', 'adapters', 'server'], packages: 'any', node: true },
  tools: { rooms: ['core', 'protocol', 'client', 'search', 'server', 'sim'], packages: 'any', node: true },
};

/** Rooms that exist for development: nobody imports them but each other. */
export const closedRooms: readonly string[] = ['sim', 'bench', 'tools'];

/**
 * Rooms that may look behind the public entries of others: the simulation runs their engines, so do the random queries
 * of tools, and the benchmark of delta sync, whose bytes and CPU are those of the engines alone.
 */
export const privilegedRooms: readonly string[] = ['sim', 'bench', 'tools'];
