import { cloneAdmitted } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import { compileMapPattern, isMapPattern, type MapMatcher } from '../../security/policy/mapPattern.js';
import { builtIns } from './builtIns.js';
import type { MergeContext, Resolution, Resolver } from './Resolver.js';

/** Which resolver judges the writes to which maps. */
export interface ResolverRule {
  /** Map pattern as in a policy: `*` is one segment between ':' or '/', a trailing `**` the rest. No `{sub}`. */
  readonly map: string;
  /** Name of a built-in resolver or of one of the program's own; `LWW` = none. */
  readonly resolver: string;
}

/** A resolver that threw, or answered what is no resolution. */
export interface ResolverFault {
  readonly resolver: string;
  readonly map: string;
  readonly error: unknown;
  /** how often this resolver has failed since the start */
  readonly times: number;
}

/** The resolver of a map. It never throws: a fault of the function is `undefined`, and reported. */
export interface MapResolver {
  readonly name: string;
  resolve(context: MergeContext): Resolution | undefined;
}

const NAME = /^[A-Za-z][\w.-]{0,63}$/;

/**
 * The resolvers of a node by name, and the maps they are assigned to. The first rule that names a map counts; a map that
 * none names is plain last-write-wins.
 */
export class Resolvers {
  /** Called for the 1st, 2nd, 4th, 8th … fault of each resolver, so that a fault in a hot path does not fill the log. */
  onFault: (fault: ResolverFault) => void = () => undefined;
  readonly #rules: readonly { readonly matches: MapMatcher; readonly resolver: MapResolver | undefined }[];

  /** Throws `RESOLVER_INVALID` naming what is wrong. */
  constructor(rules: readonly ResolverRule[] = [], own: Readonly<Record<string, Resolver>> = {}) {
    const byName = new Map<string, MapResolver | undefined>();
    for (const [name, resolve] of Object.entries(builtIns))
      byName.set(name, resolve === undefined ? undefined : { name, resolve });
    for (const [name, resolve] of Object.entries(own)) {
      if (!NAME.test(name)) throw invalid(`${JSON.stringify(name)} is no name of a resolver`);
      if (byName.has(name)) throw invalid(`the name ${name} is taken`);
      if (typeof resolve !== 'function') throw invalid(`${name} is no function`);
      byName.set(name, { name, resolve: this.#guard(name, resolve) });
    }
    this.#rules = rules.map(({ map, resolver }) => {
      const matches = compileMapPattern(map);
      if (matches === undefined || !isMapPattern(map))
        throw invalid(`the map pattern ${JSON.stringify(map)} is malformed`);
      if (!byName.has(resolver))
        throw invalid(`no resolver is called ${resolver}; there are ${[...byName.keys()].join(', ')}`);
      return { matches, resolver: byName.get(resolver) };
    });
  }

  /** The resolver of a map; undefined = plain last-write-wins. O(rules). */
  of(map: string): MapResolver | undefined {
    return this.#rules.find(({ matches }) => matches(map, {}))?.resolver;
  }

  /** Stands between the engine and a function it does not know: values go in and come out as copies. */
  #guard(name: string, resolve: Resolver): (context: MergeContext) => Resolution | undefined {
    let times = 0;
    return (context) => {
      try {
        return checked(resolve(copyOf(context)));
      } catch (error) {
        times++;
        if (Number.isInteger(Math.log2(times)))
          this.onFault({ resolver: name, map: context.map, error, times });
        return undefined;
      }
    };
  }
}

const copyIfAny = (value: unknown): unknown => (value === undefined ? undefined : cloneAdmitted(value));

function copyOf(context: MergeContext): MergeContext {
  const { existing, incoming, principal } = context;
  return {
    ...context,
    existing: existing && { ...existing, value: cloneAdmitted(existing.value) },
    incoming: { ...incoming, value: copyIfAny(incoming.value) },
    principal: structuredClone(principal),
  };
}

/** What a function answered, if it is a resolution; throws otherwise. */
function checked(said: Resolution): Resolution {
  // The compiler cannot check what a program in plain JavaScript returns, such as a promise.
  const { action, value, reason } = Object(said) as Readonly<Record<string, unknown>>;
  if (action === 'accept' || action === 'keep') return { action };
  if (action === 'merge') return { action, value: cloneAdmitted(value) };
  if (action === 'reject') return { action, reason: boundedReason(String(reason ?? '')) };
  throw new TypeError('A resolver must return { action: accept | keep | merge | reject } at once.');
}

/** At most `LIMITS.reasonChars` code points, without halves of one. */
function boundedReason(reason: string): string {
  return [...reason.replaceAll(/\p{Surrogate}/gu, '')].slice(0, LIMITS.reasonChars).join('');
}

function invalid(what: string): Error {
  return serverError('RESOLVER_INVALID', `Resolvers: ${what}.`);
}
