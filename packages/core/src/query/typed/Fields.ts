/** What has no fields of its own that a path could name. */
type Scalar = string | number | bigint | boolean | symbol | null | undefined | Date | Uint8Array;

/**
 * Whether a type says too little to check paths by: `any`, `unknown`, `object`, and objects with any names, such as
 * `Record<string, unknown>`.
 */
export type IsLoose<T> = 0 extends 1 & T
  ? true
  : unknown extends T
    ? true
    : [T] extends [Scalar | readonly unknown[]]
      ? false
      : string extends keyof T
        ? true
        : IsNameless<T>;

// One by one: objects of a union may well have no name in common.
type IsNameless<T> = T extends unknown ? ([keyof T] extends [never] ? true : false) : never;

/** A name as one segment of a path: backslashes and dots in it stand behind a backslash. */
type Segment<Name extends string> = Name extends `${infer Head}\\${infer Tail}`
  ? `${Head}\\\\${Segment<Tail>}`
  : Name extends `${infer Head}.${infer Tail}`
    ? `${Head}\\.${Segment<Tail>}`
    : Name;

type Joined<Prefix extends string, Name extends string> = Prefix extends '' ? Name : `${Prefix}.${Name}`;

/** One path of a value, and the type of what stands there. */
interface Field<Path extends string, Value> {
  readonly path: Path;
  readonly value: Value;
}

/** Levels that are told apart; below them any path goes, for types that contain themselves have no end. */
type Deeper = [never, 0, 1, 2, 3];

/**
 * Every path into a `T` with the type of what stands there, as a union: fields of objects, items of arrays by number, through
 * what may be missing or null. The members of a union each add theirs.
 */
export type FieldsOf<T, Prefix extends string = '', Depth extends number = 4> = T extends Scalar
  ? Prefix extends ''
    ? Field<'', T>
    : never
  : IsLoose<T> extends true
    ? Field<Joined<Prefix, string>, unknown>
    : T extends readonly (infer Item)[]
      ? FieldsAt<Item, Joined<Prefix, `${number}`>, Depth>
      : {
          [Name in keyof T & string]-?: FieldsAt<T[Name], Joined<Prefix, Segment<Name>>, Depth>;
        }[keyof T & string];

type FieldsAt<Value, Path extends string, Depth extends number> =
  | Field<Path, Exclude<Value, undefined>>
  | ([Depth] extends [0]
      ? Value extends Scalar
        ? never
        : Field<`${Path}.${string}`, unknown>
      : FieldsOf<Value, Path, Deeper[Depth]>);
