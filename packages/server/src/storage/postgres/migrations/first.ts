/**
 * The tables, and the function through which every commit goes.
 *
 * `commit_batch` is one call in one transaction: one way over the network, and one lock order, whoever calls it: fence, partitions,
 * records by (pid, map, key, tag), dedup rows, facts. Each incoming row is merged with the one that lies there as `mergeRecord.ts` merges:
 * the comparison of rows below is its order, term by term.
 *
 * The fence is locked FOR SHARE: whoever raises it waits for the flushes that run, and those that come later find another number. A plain
 * read would let a flush that began before the raise commit after it.
 */
const RECORDS = `
create table store (
  id smallint primary key check (id = 1),
  incarnation text not null,
  home text not null,
  renewed_at_ms bigint
);

create table fences (
  name text primary key,
  number bigint not null,
  holder text not null,
  raised_at timestamptz not null default clock_timestamp()
);

create table partitions (
  pid smallint primary key,
  epoch bigint not null,
  n bigint not null,
  floor_t bigint,
  floor_node bytea,
  gc_epoch bigint,
  gc_n bigint,
  gc_repaired bigint
) with (fillfactor = 50);

create table records (
  pid smallint not null,
  map text collate "C" not null,
  key bytea not null,
  tag bytea not null,
  kind smallint not null,
  first bigint not null,
  t bigint not null,
  node bytea not null,
  gone boolean not null,
  hash bigint not null,
  ttl bigint,
  epoch bigint not null,
  n bigint not null,
  plus double precision,
  minus double precision,
  body bytea,
  about bytea,
  sum bigint not null,
  primary key (pid, map, key, tag)
);
create index records_by_offset on records (pid, epoch, n);
create index records_gone on records (pid, epoch, n) where gone;

create table dedup (
  pid smallint not null,
  client text collate "C" not null,
  session text collate "C" not null,
  settled_below bigint not null,
  forgotten boolean not null,
  entries jsonb not null,
  primary key (pid, client, session)
) with (fillfactor = 70);
create index dedup_forgotten on dedup (pid) where forgotten;

create table facts (
  name bytea primary key,
  value bytea not null
);
`;

/** Columns of the winner of two versions of a counter, whose totals are merged beside it. */
const OF_THE_LATER = ['t', 'node', 'ttl', 'epoch', 'n', 'about', 'sum'];
const IS_LATER = `r.kind < 2 or (excluded.epoch, excluded.n, excluded.t, excluded.node, coalesce(excluded.ttl, 0))
    > (r.epoch, r.n, r.t, r.node, coalesce(r.ttl, 0))`;

/** Later steps build on its text. */
export const COMMIT = `
create function commit_batch(
  in_fence text, in_number bigint,
  h_pids smallint[], h_epochs bigint[], h_ns bigint[],
  g_pids smallint[], g_ts bigint[], g_nodes bytea[], g_epochs bigint[], g_ns bigint[], g_repaired bigint[],
  r_pids smallint[], r_maps text[], r_keys bytea[], r_tags bytea[], r_kinds smallint[], r_firsts bigint[], r_ts bigint[],
  r_nodes bytea[], r_gone boolean[], r_hashes bigint[], r_ttls bigint[], r_epochs bigint[], r_ns bigint[], r_bodies bytea[],
  r_abouts bytea[], r_sums bigint[],
  c_pids smallint[], c_maps text[], c_keys bytea[], c_ts bigint[], c_nodes bytea[], c_ttls bigint[], c_epochs bigint[],
  c_ns bigint[], c_pluses double precision[], c_minuses double precision[], c_abouts bytea[], c_sums bigint[],
  d_pids smallint[], d_clients text[], d_sessions text[], d_settled bigint[], d_entries jsonb[],
  f_names bytea[], f_values bytea[]
) returns void language plpgsql as $commit$
begin
  perform from fences f where f.name = in_fence and f.number = in_number for share;
  if not found then
    raise exception 'the fence % has another number than %', in_fence, in_number using errcode = 'TG001';
  end if;

  insert into partitions as p (pid, epoch, n)
  select * from unnest(h_pids, h_epochs, h_ns) as x (pid, epoch, n) order by x.pid
  on conflict (pid) do update set epoch = excluded.epoch, n = excluded.n
  where (excluded.epoch, excluded.n) > (p.epoch, p.n);

  if cardinality(g_pids) > 0 then
    update partitions p set
      floor_t = case when p.floor_t is null or (g.t, g.node) > (p.floor_t, p.floor_node) then g.t else p.floor_t end,
      floor_node = case when p.floor_t is null or (g.t, g.node) > (p.floor_t, p.floor_node) then g.node else p.floor_node end,
      gc_epoch = case when p.gc_epoch is null or (g.epoch, g.n) > (p.gc_epoch, p.gc_n) then g.epoch else p.gc_epoch end,
      gc_n = case when p.gc_epoch is null or (g.epoch, g.n) > (p.gc_epoch, p.gc_n) then g.n else p.gc_n end,
      gc_repaired = greatest(p.gc_repaired, g.repaired)
    from unnest(g_pids, g_ts, g_nodes, g_epochs, g_ns, g_repaired) as g (pid, t, node, epoch, n, repaired)
    where p.pid = g.pid;
  end if;

  if cardinality(r_pids) > 0 then
    insert into records as r (pid, map, key, tag, kind, first, t, node, gone, hash, ttl, epoch, n, body, about, sum)
    select * from unnest(
      r_pids, r_maps, r_keys, r_tags, r_kinds, r_firsts, r_ts, r_nodes, r_gone, r_hashes, r_ttls, r_epochs, r_ns, r_bodies,
      r_abouts, r_sums
    ) as x (pid, map, key, tag, kind, first, t, node, gone, hash, ttl, epoch, n, body, about, sum)
    order by x.pid, x.map collate "C", x.key, x.tag
    on conflict (pid, map, key, tag) do update set
      kind = excluded.kind, first = excluded.first, t = excluded.t, node = excluded.node, gone = excluded.gone,
      hash = excluded.hash, ttl = excluded.ttl, epoch = excluded.epoch, n = excluded.n, body = excluded.body,
      about = excluded.about, sum = excluded.sum
    where (excluded.kind, excluded.first, excluded.t, excluded.node, excluded.gone, excluded.hash,
           coalesce(nullif(excluded.ttl, 0), 9223372036854775807), excluded.epoch, excluded.n)
        > (r.kind, r.first, r.t, r.node, r.gone, r.hash,
           coalesce(nullif(r.ttl, 0), 9223372036854775807), r.epoch, r.n);
  end if;

  if cardinality(c_pids) > 0 then
    insert into records as r (pid, map, key, tag, kind, first, gone, hash, t, node, ttl, epoch, n, plus, minus, about, sum)
    select x.pid, x.map, x.key, '', 2, 0, false, 0, x.t, x.node, x.ttl, x.epoch, x.n, x.plus, x.minus, x.about, x.sum
    from unnest(
      c_pids, c_maps, c_keys, c_ts, c_nodes, c_ttls, c_epochs, c_ns, c_pluses, c_minuses, c_abouts, c_sums
    ) as x (pid, map, key, t, node, ttl, epoch, n, plus, minus, about, sum)
    order by x.pid, x.map collate "C", x.key
    on conflict (pid, map, key, tag) do update set
      ${OF_THE_LATER.map((name) => `${name} = case when ${IS_LATER} then excluded.${name} else r.${name} end`).join(',\n      ')},
      kind = 2, first = 0, gone = false, hash = 0, body = null,
      plus = greatest(r.plus, excluded.plus), minus = greatest(r.minus, excluded.minus)
    where ${IS_LATER} or excluded.plus > r.plus or excluded.minus > r.minus;
  end if;

  if cardinality(g_pids) > 0 then
    delete from records r using partitions p
    where p.pid = any (g_pids) and r.pid = p.pid and r.gone and (r.epoch, r.n) <= (p.gc_epoch, p.gc_n);
  end if;

  if cardinality(d_pids) > 0 then
    -- What an earlier commit forgot: no commit from before it can come any more.
    if 9007199254740991 = any (d_settled) then
      delete from dedup d where d.pid = any (d_pids) and d.forgotten;
    end if;
    insert into dedup as d (pid, client, session, settled_below, forgotten, entries)
    select x.pid, x.client, x.session, x.settled, x.settled = 9007199254740991, x.entries
    from unnest(d_pids, d_clients, d_sessions, d_settled, d_entries) as x (pid, client, session, settled, entries)
    order by x.pid, x.client collate "C", x.session collate "C"
    on conflict (pid, client, session) do update set
      settled_below = greatest(d.settled_below, excluded.settled_below),
      forgotten = d.forgotten or excluded.forgotten,
      -- Of two entries of one seq the right one stays: the first that was stored.
      entries = (
        select coalesce(jsonb_object_agg(e.key, e.value), '{}')
        from jsonb_each(excluded.entries || d.entries) e
        where e.key::bigint >= greatest(d.settled_below, excluded.settled_below)
      );
  end if;

  if cardinality(f_names) > 0 then
    insert into facts (name, value)
    select x.name, x.value from unnest(f_names, f_values) as x (name, value) where x.value is not null order by x.name
    on conflict (name) do update set value = excluded.value;
    delete from facts f using unnest(f_names, f_values) as x (name, value) where f.name = x.name and x.value is null;
  end if;
end
$commit$;
`;

export const first = RECORDS + COMMIT;
