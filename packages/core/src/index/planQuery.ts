import type { QuerySpec } from '../query/compileQuery.js';
import type { PredicateNode } from '../query/PredicateNode.js';
import type { Candidate, ReadyIndex, Sorting } from './Access.js';
import { type Found, findAccesses } from './findAccesses.js';
import { orderOf } from './Order.js';
import { type Counted, selectivityOfAll } from './selectivity.js';

/** The plan of one run: what was chosen, and what was not. */
export interface Plan {
  readonly chosen: Candidate;
  readonly others: readonly Candidate[];
  /** Conjuncts that the chosen path leaves to be tested. */
  readonly residual: readonly PredicateNode[];
  /** Indexes with no condition on their first path that do not give the order either. */
  readonly useless: readonly ReadyIndex[];
}

/** What a plan is made for. */
export interface PlanInput {
  readonly spec: QuerySpec;
  /** Rows of the map. */
  readonly size: number;
  readonly indexes: readonly ReadyIndex[];
  /** Whether rows are seen through a view; see `conditionsOf`. */
  readonly isMasked: boolean;
  /** Whether an index may give the order. */
  readonly mayOrder: boolean;
}

/** A row found by its key, against one that a scan passes. */
const READ_COST = 1.25;
/** One comparison of a sort. */
const COMPARE_COST = 0.1;

/** The cheapest way to the rows of a query. Costs come from exact counts of indexes; only what they leave open is guessed. */
export function planQuery({ spec, size, indexes, isMasked, mayOrder }: PlanInput): Plan {
  const order = mayOrder ? orderOf(spec) : undefined;
  const { accesses, useless, conjuncts } = findAccesses(spec.where, indexes, { size, isMasked, order });
  const limit = spec.limit ?? Infinity;
  const counted = countedBy(accesses, size);
  const all = accesses.map((found) => candidateOf(found, conjuncts, counted, limit));
  const matching = size * selectivityOfAll(conjuncts, counted);
  const scan: Candidate = {
    access: { kind: 'scan' },
    sorting: sortingOf(limit),
    decided: [],
    found: size,
    reads: size,
    cost: size + sortCost(matching, limit),
  };
  const candidates = [...all, scan].sort((a, b) => a.cost - b.cost);
  const [chosen = scan, ...others] = candidates;
  const residual = chosen.access.kind === 'nothing' ? [] : leftOf(conjuncts, chosen.decided);
  return { chosen, others, residual, useless };
}

function candidateOf(
  { access, found, decided }: Found,
  conjuncts: readonly PredicateNode[],
  counted: Counted,
  limit: number,
): Candidate {
  const left = selectivityOfAll(leftOf(conjuncts, decided), counted);
  if (access.kind !== 'ranges' || access.isDescending === undefined) {
    const cost = found * READ_COST + sortCost(found * left, limit);
    return { access, sorting: sortingOf(limit), decided, found, reads: found, cost };
  }
  // Each stretch ends when it has given as many rows as are asked for.
  const enough = limit === Infinity ? Infinity : Math.ceil(limit / Math.max(left, 1e-9));
  const reads = access.parts.reduce(
    (sum, { stretch }) => sum + Math.min(stretch.to - stretch.from, enough),
    0,
  );
  const isMerged = access.parts.length > 1;
  const cost = reads * READ_COST + (isMerged ? sortCost(reads * left, limit) : 0);
  const sorting = !isMerged ? 'index' : limit === Infinity ? 'memory' : 'merge';
  return { access, sorting, decided, found, reads, cost };
}

function sortingOf(limit: number): Sorting {
  return limit === Infinity ? 'memory' : 'top';
}

function sortCost(rows: number, limit: number): number {
  return rows * COMPARE_COST * Math.log2(2 + Math.min(rows, limit));
}

function leftOf(conjuncts: readonly PredicateNode[], decided: readonly PredicateNode[]): PredicateNode[] {
  return conjuncts.filter((node) => !decided.includes(node));
}

/** What indexes know of single conjuncts. */
function countedBy(accesses: readonly Found[], size: number): Counted {
  const counted = new Map<PredicateNode, number>();
  for (const { decided, found } of accesses) {
    const [node] = decided;
    if (node === undefined || decided.length > 1) continue;
    counted.set(node, Math.min(counted.get(node) ?? 1, found / Math.max(1, size)));
  }
  return counted;
}
