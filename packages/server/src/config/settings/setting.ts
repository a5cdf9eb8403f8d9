import * as z from 'zod';

/** What a setting is, beyond its zod type: enough for help, errors and the reference page. */
export interface Setting<S extends z.ZodType> {
  readonly schema: S;
  readonly help: string;
  /** what is allowed, as shown to a person */
  readonly allowed: string;
  /** the text form: how flags and environment values are read */
  readonly from: 'text' | 'number' | 'boolean' | 'list' | 'file only';
  /** its value is never shown. Secrets have no flag, for arguments are visible to every user of the machine; what only may hold one has. */
  readonly secret?: true | 'with flag';
}

export function setting<S extends z.ZodType>(
  schema: S,
  from: Setting<S>['from'],
  allowed: string,
  help: string,
  rest: { secret?: true | 'with flag' } = {},
): Setting<S> {
  return { schema, from, allowed, help, ...rest };
}

export const wholeNumber = (min: number, max: number, otherwise: number): z.ZodDefault<z.ZodInt> =>
  z.int().min(min).max(max).default(otherwise);
/** How many of something there may be at once. */
export const count = (max: number, otherwise: number, help: string): Setting<z.ZodDefault<z.ZodInt>> =>
  setting(wholeNumber(1, max, otherwise), 'number', `a whole number from 1 to ${max}`, help);
/** A time in which nothing happens, or that is not exceeded. */
export const duration = (otherwise: number, help: string): ReturnType<typeof count> =>
  setting(
    wholeNumber(0, 2 ** 31 - 1, otherwise),
    'number',
    'milliseconds from 0 to 2147483647',
    `${help}, in ms; 0 = for ever.`,
  );
export const text = z.string().min(1);
