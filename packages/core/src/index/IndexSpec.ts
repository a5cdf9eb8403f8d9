import { indexError } from './indexErrors.js';

/**
 * An index to be kept.
 *
 * - `hash`: finds rows by equal values of a path, and by items of arrays.
 * - `ordered`: finds rows by ranges of a path too, and delivers them sorted by it.
 * - `compound`: an ordered index on a tuple of paths: equal values of the first ones, then a range, a sort, or both.
 *
 * The default name tells kind and paths, such as `compound(country, population)`.
 */
export type IndexSpec =
  | { readonly kind: 'hash' | 'ordered'; readonly path: string; readonly name?: string }
  | { readonly kind: 'compound'; readonly paths: readonly string[]; readonly name?: string };

/** Every write of the map updates all of them. */
export const INDEXES_MAX = 32;

/** More are hardly ever told apart by data, and each is one more value held per row. */
export const COMPOUND_PATHS_MAX = 4;

const COMPOUND_PATHS_MIN = 2;
const NAME_MAX = 128;
const PATH_MAX = 512;

/** The paths of an index in the order of their weight. */
export function pathsOf(spec: IndexSpec): readonly string[] {
  return spec.kind === 'compound' ? spec.paths : [spec.path];
}

/** What an index is, whatever its name: kind and paths. */
export function formOf(spec: IndexSpec): string {
  return `${spec.kind}(${pathsOf(spec).map(quoted).join(', ')})`;
}

/** A path that could be taken for two stands in quotes, so that indexes of other paths have other forms. */
const quoted = (path: string): string => (/[,"]/.test(path) ? JSON.stringify(path) : path);

/** The name an index goes by. */
export function nameOf(spec: IndexSpec): string {
  return spec.name ?? formOf(spec);
}

/** Throws `INDEX_INVALID` unless the spec is one of an index. Takes anything. */
export function assertIndexSpec(given: unknown): asserts given is IndexSpec {
  if (typeof given !== 'object' || given === null) throw invalid('An index is described by an object');
  const { kind, path, paths, name } = given as Readonly<Record<string, unknown>>;
  if (kind === 'compound') checkPaths(paths);
  else if (kind !== 'hash' && kind !== 'ordered') throw invalid(`Unknown kind of index: ${shown(kind)}`);
  else if (!isPath(path)) throw invalid(`An index of kind ${kind} has one path, not ${shown(path)}`);
  if (name !== undefined && (typeof name !== 'string' || name === '' || name.length > NAME_MAX))
    throw invalid(`The name of an index is a text of 1 to ${NAME_MAX}, not ${shown(name)}`);
}

function checkPaths(paths: unknown): void {
  if (!Array.isArray(paths) || !paths.every(isPath)) throw invalid('A compound index has a list of paths');
  if (paths.length < COMPOUND_PATHS_MIN || paths.length > COMPOUND_PATHS_MAX)
    throw invalid(
      `A compound index has ${COMPOUND_PATHS_MIN} to ${COMPOUND_PATHS_MAX} paths, not ${paths.length}`,
    );
  if (new Set(paths).size < paths.length) throw invalid(`A compound index has a path twice: ${paths.join()}`);
}

function isPath(path: unknown): path is string {
  return typeof path === 'string' && path.length <= PATH_MAX;
}

function shown(part: unknown): string {
  return typeof part === 'string' ? JSON.stringify(part.slice(0, 64)) : typeof part;
}

function invalid(message: string): Error {
  return indexError('INDEX_INVALID', `${message}.`);
}
