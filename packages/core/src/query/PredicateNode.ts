import { isPlain } from '../value/isPlain.js';

/** Stands for a claim of the principal, such as `{ $auth: 'sub' }`; a missing claim makes the predicate not match. */
export interface AuthRef {
  readonly $auth: string;
}

/** The operators that compare one field with one value. */
export type ComparisonOp = 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte';

/**
 * A condition on a value, as plain data: the one predicate language of devices, servers, permissions and subscriptions.
 *
 * `path` names a field: names and array positions joined by dots, such as `owner.id` or `tags.0`; a backslash takes a dot
 * into a name; '' is the value itself. Any `value`, or list of values, may be an `AuthRef`.
 */
export type PredicateNode =
  | { readonly op: ComparisonOp; readonly path: string; readonly value: unknown }
  | { readonly op: 'in'; readonly path: string; readonly values: readonly unknown[] | AuthRef }
  | { readonly op: 'between'; readonly path: string; readonly from: unknown; readonly to: unknown }
  | { readonly op: 'like'; readonly path: string; readonly pattern: string }
  | { readonly op: 'regex'; readonly path: string; readonly pattern: string; readonly flags?: string }
  | { readonly op: 'match'; readonly path: string; readonly text: string; readonly prefix?: boolean }
  | { readonly op: 'contains'; readonly path: string; readonly value: unknown }
  | {
      readonly op: 'containsAll' | 'containsAny';
      readonly path: string;
      readonly values: readonly unknown[] | AuthRef;
    }
  | { readonly op: 'exists'; readonly path: string }
  | { readonly op: 'and' | 'or'; readonly children: readonly PredicateNode[] }
  | { readonly op: 'not'; readonly child: PredicateNode };

/** A node that tests one field. */
export type LeafNode = Exclude<PredicateNode, { readonly op: 'and' | 'or' | 'not' }>;
export type LeafOp = LeafNode['op'];
/** The node of one operator on a field. */
export type LeafOf<Op extends LeafOp> = Extract<LeafNode, { readonly op: Op }>;

/** Whether an operand stands for a claim: a plain object with the one field `$auth`. */
export function isAuthRef(operand: unknown): operand is AuthRef {
  return isPlain(operand) && Object.keys(operand).join() === '$auth' && typeof operand.$auth === 'string';
}
