import type { SortDirection } from '../compileQuery.js';
import type { FieldsOf, IsLoose } from './Fields.js';

/** What values of a type are ordered among: `'low' | 'high'` among texts, numbers and bigints among both. */
type Ordered<V> = V extends string
  ? string
  : V extends number | bigint
    ? number | bigint
    : V extends boolean
      ? boolean
      : V;

/** The text of a field, or what the items of a list are. */
type PartOf<V> = V extends string ? string : V extends readonly (infer Item)[] ? Item : never;

/** The operators that any field has. */
type Comparisons<V> = {
  readonly $eq?: V;
  readonly $neq?: V;
  readonly $in?: readonly V[];
  readonly $gt?: Ordered<V>;
  readonly $gte?: Ordered<V>;
  readonly $lt?: Ordered<V>;
  readonly $lte?: Ordered<V>;
  readonly $between?: readonly [from: Ordered<V>, to: Ordered<V>];
  readonly $exists?: boolean;
  readonly $not?: Condition<V>;
};

type Patterns = {
  /** `%` is any run, `_` any one character. */
  readonly $like?: string;
  /** Needs the option `regex` of the client. */
  readonly $regex?: string;
  /** Some of `i`, `m` and `s`. */
  readonly $flags?: string;
};

type Words = {
  /** Every word of the text is a word of the field. */
  readonly $match?: string;
  /** The last word may be the beginning of one. */
  readonly $prefix?: boolean;
};

type Parts<Part> = {
  readonly $contains?: Part;
  readonly $containsAll?: readonly Part[];
  readonly $containsAny?: readonly Part[];
};

/** Nothing more where there is no such type. */
type IfAny<Type, Then> = [Type] extends [never] ? unknown : Then;

/** The operators that a field of this type may be tested with. */
export type Operators<V> = Comparisons<V> &
  IfAny<Extract<V, string>, Patterns> &
  IfAny<Extract<PartOf<V>, string>, Words> &
  IfAny<PartOf<V>, Parts<PartOf<V>>>;

/** What a where-clause says of a field: the value it must equal, or operators that must all hold. */
export type Condition<V> = unknown extends V ? unknown : V | Operators<V>;

type Junctions<T> = {
  readonly $and?: readonly Where<T>[];
  readonly $or?: readonly Where<T>[];
  readonly $not?: Where<T>;
};

/**
 * A where-clause on values of a type: its paths and what each of them can be compared with. Values without a type, `unknown`
 * or `Record<string, unknown>`, take any path and any operand.
 */
export type Where<T> =
  IsLoose<T> extends true
    ? Readonly<Record<string, unknown>>
    : { readonly [F in FieldsOf<T> as F['path']]?: Condition<F['value']> } & Junctions<T>;

/** `{ priority: 'desc', title: 'asc' }`, or pairs where a path looks like a number, which objects reorder. */
export type Sort<T> =
  IsLoose<T> extends true
    ? Readonly<Record<string, SortDirection>> | readonly (readonly [path: string, SortDirection])[]
    :
        | { readonly [P in FieldsOf<T>['path']]?: SortDirection }
        | readonly (readonly [path: FieldsOf<T>['path'], SortDirection])[];
