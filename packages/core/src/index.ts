export { decodeCanonical } from './canonical/decodeCanonical.js';
export { encodeCanonical } from './canonical/encodeCanonical.js';
export {
  COUNTER_SIZE,
  compareStamps,
  isPackedTime,
  millisOf,
  PACKED_TIME_MAX,
  packTime,
  type Stamp,
  stampOf,
  type Timestamp,
  timestampOf,
  unpackTime,
} from './clock/Timestamp.js';
export { compareVersions, isExpired, type Version } from './clock/versions.js';
export { type CoreErrorCode, coreErrors } from './coreErrors.js';
export {
  type ErrorInfo,
  errorsOf,
  final,
  mapError,
  passing,
  TopGunError,
  type TopGunErrorOptions,
} from './errors.js';
export { HLC, type HLCOptions, type WallClock } from './HLC.js';
export { hashString, xorHash } from './hash/hashString.js';
export { hashValue } from './hash/hashValue.js';
export type { Advice } from './index/Advisor.js';
export type { Explanation, PathExplanation, Refusal } from './index/Explanation.js';
export { explainText } from './index/explainText.js';
export { type BuildProgress, IndexSet, type IndexState } from './index/IndexSet.js';
export { assertIndexSpec, INDEXES_MAX, type IndexSpec, nameOf as indexNameOf } from './index/IndexSpec.js';
export type { RowSource, RowView } from './index/RowSource.js';
export { type LWWChange, LWWMap, type LWWRecord } from './LWWMap.js';
export { MerkleTree } from './MerkleTree.js';
export type { ReplicatedMap, ReplicatedRow } from './maps/ReplicatedMap.js';
export {
  type ChildHash,
  type DigestTrieOptions,
  type ItemHash,
  type MerkleReader,
  PATH_DIGITS_MAX,
} from './merkle/DigestTrie.js';
export { GONE_HASH, itemDigest } from './merkle/itemDigest.js';
export { PartitionedTree, type PartitionRoot } from './merkle/PartitionedTree.js';
export { rowKey, splitRowKey } from './merkle/rowKey.js';
export { compareChildren, compareItems, compareRoots } from './merkle/walk.js';
export {
  type MergeKeyResult,
  type ORChange,
  ORMap,
  type ORMapOptions,
  type ORMapRecord,
  type ORMapSnapshot,
} from './ORMap.js';
export { PNCounter, type PNCounterObject, type PNCounterOptions, type PNCounterState } from './PNCounter.js';
export { PARTITION_COUNT, partitionOf, tagOf } from './partition/partitionOf.js';
export { AggregateView, type GroupRow } from './query/aggregate/AggregateView.js';
export { type Aggregate, avg, count, distinct, max, min, sum } from './query/aggregate/aggregates.js';
export {
  type AggregateFilter,
  type AggregateSpec,
  normalizeAggregate,
  type Selection,
} from './query/aggregate/normalizeAggregate.js';
export { assertPredicate, PREDICATE_BUDGET, type PredicateBudget } from './query/assertPredicate.js';
export {
  type CompiledQuery,
  compileQuery,
  type QuerySpec,
  runQuery,
  type SortDirection,
} from './query/compileQuery.js';
export {
  type CompiledPredicate,
  compilePredicate,
  type EvaluationContext,
  evaluate,
} from './query/evaluate.js';
export { IncludeView, type Joined } from './query/include/IncludeView.js';
export {
  type Include,
  type IncludeSpec,
  type Includes,
  normalizeIncludes,
} from './query/include/normalizeInclude.js';
export { type Delta, LiveWindow, type LiveWindowOptions } from './query/LiveWindow.js';
export { normalizeQuery, type QueryFilter } from './query/normalizeQuery.js';
export { type AuthRef, isAuthRef, type PredicateNode } from './query/PredicateNode.js';
export { Predicates } from './query/Predicates.js';
export {
  CURSOR_AGE_MS_MAX,
  type Cursor,
  decodeCursor,
  encodeCursor,
  questionOf,
} from './query/page/cursor.js';
export {
  assertPosition,
  POSITION_BYTES_MAX,
  positionOf,
  type RowPosition,
} from './query/page/RowPosition.js';
export { parseWhere } from './query/parseWhere.js';
export { parsePath, readPath } from './query/path.js';
export type { QueryPorts, RegexEngine } from './query/ports.js';
export { type RegexFault, regexFaultIn } from './query/regex.js';
export { StandingIndex } from './query/standing/StandingIndex.js';
export type { Condition, Operators, Sort, Where } from './query/typed/Where.js';
export { where } from './query/where.js';
export { fieldTexts } from './text/fieldTexts.js';
export { FUSION_K, type FusedRank, fuseRankings, type Ranking } from './text/fuseRankings.js';
export { type Highlight, highlightsOf, type TextRange } from './text/highlights.js';
export { type Fusion, normalizeFusion } from './text/normalizeFusion.js';
export {
  type NormalizedTextQuery,
  normalizeTextQuery,
  TEXT_LIMITS,
  type TextSearchOptions,
} from './text/normalizeTextQuery.js';
export { type Snippet, type SnippetPart, snippetHtml, snippetOf } from './text/snippets.js';
export type {
  ExplainedMatch,
  TermScore,
  TextIndex,
  TextIndexFactory,
  TextMatch,
  TextQuery,
} from './text/TextIndex.js';
export { type Token, tokenize } from './text/tokenize.js';
export { assertAdmitted } from './value/assertAdmitted.js';
export { assertKey } from './value/assertKey.js';
export { cloneAdmitted } from './value/cloneAdmitted.js';
export { compareValues } from './value/compareValues.js';
export { deepEqual } from './value/deepEqual.js';
export { isAdmittedData } from './value/isAdmittedData.js';
export { isPlain } from './value/isPlain.js';
export { KEY_BYTES_MAX, VALUE_LIMITS, type ValueLimits } from './value/limits.js';
export { utf8Length } from './value/text.js';
