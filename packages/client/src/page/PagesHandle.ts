import {
  decodeCursor,
  encodeCursor,
  normalizeQuery,
  positionOf,
  type QueryFilter,
  type QuerySpec,
  questionOf,
  type RowPosition,
  rowKey,
} from '@topgun/core';
import * as LIMITS from '@topgun/protocol/limits';
import { contextOf } from '../clientContext.js';
import { queryName } from '../engine/QueryFeed.js';
import { clientError } from '../errors.js';
import type { LiveQueries } from '../query/LiveQueries.js';
import type { LiveQuery, QuerySnapshot } from '../query/LiveQuery.js';
import type { Row } from '../query/QueryRows.js';
import { SnapshotHandle } from '../query/SnapshotHandle.js';
import type { TopGunClient } from '../TopGunClient.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import { platformClock } from '../utils/platform.js';

/** A question for pages, as apps write it. */
export interface PagesFilter<T = unknown> extends Pick<QueryFilter<T>, 'where' | 'predicate' | 'sort'> {
  /** Rows of a page, 1 to 1,000; 20 by default. */
  readonly pageSize?: number;
  /** Begins behind the row that this cursor was made at (`nextCursor`), instead of at the first row. */
  readonly cursor?: string;
}

/** What a page shows now; the same object until something in it changes. */
export interface PageSnapshot<T> {
  /** In order; unchanged rows are the same objects as before, an unchanged page the same array. */
  readonly rows: readonly Row<T>[];
  /** Whether rows follow this page. */
  readonly hasMore: boolean;
  /** Whether this page begins behind others: `previous` goes there. */
  readonly hasPrevious: boolean;
  /** `complete`: the server's rows are in. `partial`: what the device holds, which may be less. */
  readonly completeness: 'partial' | 'complete';
  /** False until the device's store is read or the server has answered. */
  readonly isLoaded: boolean;
}

/** Where a page stands: behind a position, before one, or at the first row; and how many rows it has. */
interface Place {
  readonly beyond: { readonly after?: RowPosition; readonly before?: RowPosition };
  readonly size: number;
}

interface Follower {
  readonly changed: () => void;
  end: Unsubscribe;
}

const PAGE_SIZE = 20;
/** More rows than a person looks at; `more` goes as far as the server's windows do. */
const PAGE_SIZE_MAX = 1_000;

/** Made by `pages(client, map, filter)`. */
export class PagesHandle<T> extends SnapshotHandle<PageSnapshot<T>> {
  /** Equal for handles of one client that ask the same. */
  readonly key: string;
  readonly #map: string;
  readonly #query: QuerySpec;
  readonly #pageSize: number;
  readonly #queries: LiveQueries;
  readonly #followers = new Set<Follower>();
  #place: Place;
  #shown: PageSnapshot<T> | undefined;

  constructor(client: TopGunClient, map: string, filter: PagesFilter) {
    super();
    const { where, predicate, sort, pageSize = PAGE_SIZE, cursor } = filter;
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > PAGE_SIZE_MAX) {
      throw clientError('OPTION_INVALID', `A page has 1 to ${PAGE_SIZE_MAX} rows, not ${String(pageSize)}`);
    }
    this.#queries = contextOf(client).queries;
    this.#map = map;
    this.#query = normalizeQuery(
      { ...(where && { where }), ...(predicate && { predicate }), ...(sort && { sort }) },
      this.#queries.ports,
    );
    this.#pageSize = pageSize;
    const after =
      cursor === undefined
        ? undefined
        : decodeCursor(cursor, { map, ...this.#query }, platformClock.wallMs());
    this.#place = { beyond: after ? { after } : {}, size: pageSize };
    this.key = `${queryName(map, this.#spec)} ${pageSize}`;
  }

  getSnapshot(): PageSnapshot<T> {
    const snapshot = this.#live().snapshot();
    const { completeness, isLoaded } = snapshot;
    const { rows, hasMore, hasPrevious } = this.#page(snapshot);
    const last = this.#shown;
    if (
      last &&
      rows.length === last.rows.length &&
      rows.every((row, i) => row === last.rows[i]) &&
      hasMore === last.hasMore &&
      hasPrevious === last.hasPrevious &&
      completeness === last.completeness &&
      isLoaded === last.isLoaded
    )
      return last;
    this.#shown = { rows, hasMore, hasPrevious, completeness, isLoaded };
    return this.#shown;
  }

  /** Goes to the rows behind the last one that shows now; false when there are none. Throws `QUERY_INVALID` where its sort fields take more than 16 KiB. */
  next(): boolean {
    const { rows, hasMore } = this.getSnapshot();
    const last = rows.at(-1);
    if (!hasMore) return false;
    // A page that looks back on nothing any more: the first row is one of those it came from.
    if (last === undefined) this.first();
    else this.#go({ beyond: { after: this.#positionOf(last) }, size: this.#pageSize });
    return true;
  }

  /** Goes to the rows before the first one that shows now; false when this is the first page. Throws as `next` does. */
  previous(): boolean {
    const { rows, hasPrevious } = this.getSnapshot();
    if (!hasPrevious) return false;
    const [first] = rows;
    const { after } = this.#place.beyond;
    const before = first === undefined ? after && behind(after) : this.#positionOf(first);
    this.#go({ beyond: before ? { before } : {}, size: this.#pageSize });
    return true;
  }

  /** Goes back to the first row. */
  first(): void {
    this.#go({ beyond: {}, size: this.#pageSize });
  }

  /** Makes this page longer by a page, for lists that grow as they are scrolled; false when no rows follow, or at 9,999 of them. */
  more(): boolean {
    const { hasMore } = this.getSnapshot();
    const size = Math.min(this.#place.size + this.#pageSize, LIMITS.queryRows - 1);
    if (!hasMore || size === this.#place.size) return false;
    this.#go({ beyond: this.#start(), size });
    return true;
  }

  /** A cursor at the last row that shows now, for `cursor` of another handle; it holds for 10 minutes. Undefined when no rows follow. */
  nextCursor(): string | undefined {
    const { rows, hasMore } = this.getSnapshot();
    const last = rows.at(-1);
    if (last === undefined || !hasMore) return undefined;
    const question = questionOf(this.#map, this.#query);
    return encodeCursor({ question, position: this.#positionOf(last), madeAtMs: platformClock.wallMs() });
  }

  protected listen(changed: () => void): Unsubscribe {
    const follower: Follower = { changed, end: this.#live().subscribe(changed) };
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
      follower.end();
    };
  }

  #go(place: Place): void {
    this.#place = place;
    for (const follower of this.#followers) {
      const { end } = follower;
      // First the new one, so that a query that both are is not let go of.
      follower.end = this.#live().subscribe(follower.changed);
      end();
    }
    for (const { changed } of [...this.#followers]) changed();
  }

  /** One row more than the page has says whether others follow. */
  get #spec(): QuerySpec {
    const { beyond, size } = this.#place;
    return { ...this.#query, limit: size + 1, ...beyond };
  }

  #live(): LiveQuery<T> {
    const spec = this.#spec;
    return this.#queries.of<T>(queryName(this.#map, spec), this.#map, spec);
  }

  #page({ rows: found }: QuerySnapshot<T>): Pick<PageSnapshot<T>, 'rows' | 'hasMore' | 'hasPrevious'> {
    const { beyond, size } = this.#place;
    const rows = found.slice(0, size);
    const isCut = found.length > size;
    // Backward rows come nearest first, and where they were asked from rows follow.
    if (beyond.before) return { rows: rows.reverse(), hasMore: true, hasPrevious: isCut };
    return { rows, hasMore: isCut, hasPrevious: beyond.after !== undefined };
  }

  /** Where this page begins, said forward. */
  #start(): Place['beyond'] {
    const { beyond, size } = this.#place;
    if (beyond.before === undefined) return beyond;
    const row = this.#live().snapshot().rows[size];
    return row === undefined ? {} : { after: this.#positionOf(row) };
  }

  #positionOf(row: Row<T>): RowPosition {
    const { _key: key, _tag: tag } = row;
    return positionOf(
      this.#query.sort,
      tag === undefined ? key : rowKey(key, tag),
      this.#live().valueOf(row),
    );
  }
}

/** The position right behind another one: no key lies between the two. */
function behind({ key, values }: RowPosition): RowPosition {
  return { key: `${key}\0`, values };
}
