import { type CompiledQuery, compileQuery, type QuerySpec } from '../query/compileQuery.js';
import type { QueryPorts } from '../query/ports.js';
import { TopRows } from '../query/TopRows.js';
import type { Access, Candidate, Lookup, Ranges } from './Access.js';
import type { RowSource, RowView } from './RowSource.js';

/** The rows of a query, and how many were read for them. */
export interface Answer<V> {
  readonly rows: [string, V][];
  readonly examined: number;
}

/** Whether a row is one of the result; then it has been taken, as it is seen. */
type Take = (key: string) => boolean;

/** Goes the way of a plan. Every row that is read is tested as a whole, so the way decides on cost alone. */
export function runPlan<V>(
  spec: QuerySpec,
  { access, sorting }: Candidate,
  source: RowSource<V>,
  view: RowView<V> | undefined,
  ports: QueryPorts | undefined,
): Answer<V> {
  const query = compileQuery(spec, ports);
  const rows: [string, V][] = [];
  const top = new TopRows<[string, V]>(compareRows(query), query.limit);
  let examined = 0;
  const offer = (key: string, value: V): boolean => {
    examined++;
    const seen = view === undefined ? value : view.see(key, value);
    if (seen === undefined || !query.selects(key, seen)) return false;
    if (sorting === 'index') rows.push([key, seen]);
    else top.add([key, seen]);
    return true;
  };
  if (access.kind === 'scan') {
    for (const [key, value] of source.entries()) offer(key, value);
  } else {
    const take: Take = (key) => {
      const value = source.get(key);
      return value !== undefined && offer(key, value);
    };
    if (access.kind === 'ranges') goThrough(access, query.limit, take);
    else visitKeys(access, take);
  }
  return { rows: sorting === 'index' ? rows : top.sorted(), examined };
}

function compareRows<V>(query: CompiledQuery): (a: [string, V], b: [string, V]) => number {
  return (a, b) => query.compare(a[0], a[1], b[0], b[1]);
}

/** Where the order is delivered each part ends when it has given as many rows as are asked for. */
function goThrough({ ordered, parts, isDescending }: Ranges, limit: number, take: Take): void {
  for (const { stretch, after } of parts) {
    let left = limit;
    const visit = (key: string): boolean => !take(key) || --left > 0;
    if (isDescending === undefined) ordered.visitAll(stretch, (key) => take(key) || true);
    else ordered.visit(stretch, isDescending, after, visit);
  }
}

/** Takes each key of an access once. */
function visitKeys(access: Access, take: Take): void {
  const met = new Set<string>();
  eachKey(access, (key) => {
    if (met.has(key)) return;
    met.add(key);
    take(key);
  });
}

function eachKey(access: Access, visit: (key: string) => void): void {
  switch (access.kind) {
    case 'lookup':
      for (const operand of access.operands) access.hash.visit(access.by, operand, visit);
      break;
    case 'ranges':
      for (const { stretch } of access.parts)
        access.ordered.visitAll(stretch, (key) => {
          visit(key);
          return true;
        });
      break;
    case 'union':
      for (const part of access.parts) eachKey(part, visit);
      break;
    case 'intersection': {
      const [first, ...rest] = access.parts;
      if (first === undefined) break;
      eachKey(first, (key) => {
        if (rest.every((other) => hasKey(other, key))) visit(key);
      });
      break;
    }
    default:
  }
}

function hasKey({ hash, operands }: Lookup, key: string): boolean {
  return operands.some((operand) => hash.has(operand, key));
}
