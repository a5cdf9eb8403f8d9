import { COMMIT } from './first.js';

/**
 * What nodes share (docs/decisions/0072-facts-that-nodes-share.md). Every fact has the revision of the commit that made it; what was taken
 * back is remembered for a day. The row of the revision is the last lock of a commit: from there on commits that carry facts go one after
 * the other, so that whoever has seen a revision has seen all before it.
 */
const TABLES = `
create table facts_revision (
  id smallint primary key check (id = 1),
  revision bigint not null,
  -- what was taken back up to here is forgotten
  pruned bigint not null
) with (fillfactor = 20);
insert into facts_revision values (1, 0, 0);

alter table facts add column revision bigint not null default 0;
create index facts_by_revision on facts (revision);

create table facts_gone (
  name bytea primary key,
  revision bigint not null,
  gone_at timestamptz not null default clock_timestamp()
);
create index facts_gone_by_revision on facts_gone (revision);
`;

const FACTS = `
  if cardinality(f_names) > 0 then
    update facts_revision set revision = revision + 1 where id = 1 returning revision into made;
    perform from unnest(f_names, f_values, f_claimed, f_was) as x (name, value, claimed, was)
    left join facts f on f.name = x.name
    where x.claimed and f.value is distinct from x.was and f.value is distinct from x.value;
    if found then
      raise exception 'another node has decided a fact otherwise' using errcode = 'TG002';
    end if;
    insert into facts (name, value, revision)
    select x.name, x.value, made from unnest(f_names, f_values) as x (name, value) where x.value is not null order by x.name
    on conflict (name) do update set value = excluded.value, revision = excluded.revision;
    delete from facts_gone g using unnest(f_names, f_values) as x (name, value) where g.name = x.name and x.value is not null;
    delete from facts f using unnest(f_names, f_values) as x (name, value) where f.name = x.name and x.value is null;
    insert into facts_gone (name, revision)
    select x.name, made from unnest(f_names, f_values) as x (name, value) where x.value is null order by x.name
    on conflict (name) do update set revision = excluded.revision, gone_at = excluded.gone_at;
    if made % 1000 = 0 then
      with old as (delete from facts_gone where gone_at < clock_timestamp() - interval '1 day' returning revision)
      update facts_revision r set pruned = greatest(r.pruned, (select max(old.revision) from old)) where r.id = 1;
    end if;
  end if;
  return made;
end
$commit$;
`;

/** The function of the first step, with other facts; everything before them is as it was. */
function withSharedFacts(): string {
  const at = COMMIT.indexOf('  if cardinality(f_names) > 0 then');
  return `${COMMIT.slice(0, at)
    .replace('create function commit_batch(', 'create function commit_shared(')
    .replace(
      'f_names bytea[], f_values bytea[]',
      'f_names bytea[], f_values bytea[], f_claimed boolean[], f_was bytea[]',
    )
    .replace(
      'returns void language plpgsql as $commit$',
      'returns bigint language plpgsql as $commit$\ndeclare\n  made bigint := 0;',
    )}${FACTS}`;
}

const ARGUMENTS = Array.from({ length: 46 }, (_, i) => `$${i + 1}`).join(', ');

/** A server of before goes on committing while others are renewed: what it says is shared, too. */
const OLD = `
${COMMIT.slice(0, COMMIT.indexOf('language plpgsql')).replace('create function', 'create or replace function')} language sql as $old$
  select commit_shared(${ARGUMENTS}, array_fill(false, array[cardinality($45)]), array_fill(null::bytea, array[cardinality($45)]))
$old$;
`;

/** Ends the life that is named, unless somebody else has: of nodes that find out together that time was lost, one begins the next. */
const RENEW = `
create function renew_life(in_new text, in_at bigint, in_home text, in_old text, in_leap bigint) returns text
language plpgsql as $renew$
declare
  present text;
begin
  select incarnation into present from store where id = 1 for update;
  if in_old is not null and present <> in_old then
    return present;
  end if;
  update store set incarnation = in_new, renewed_at_ms = in_at, home = coalesce(in_home, home) where id = 1;
  -- Devices may know places of the time that was lost: what is given out from now on lies above them.
  if to_regclass('owners') is not null then
    update owners o set epoch = greatest(o.epoch, (select coalesce(max(p.epoch), 0) from partitions p)) + in_leap;
  end if;
  return in_new;
end
$renew$;
`;

export const sharedFacts = TABLES + withSharedFacts() + OLD + RENEW;
