/**
 * Logs of topics that several nodes share (LOG-30 to LOG-37).
 *
 * Whoever changes anything locks the one row of `topic_log` first, until the end of his transaction: so places rise over all topics in the
 * order of commits, whoever reads a topic up to a place will find nothing new before it, and there is one lock order. Nodes append in
 * groups, so that the row is locked as long as a flush of the disk takes and no longer.
 *
 * Names of topics are bytes, for `text` takes no NUL. `number` stands for the name in the tables that grow. The ids of messages outlive the
 * messages: what is published again under its id is found, also after the log has dropped it.
 */
const TABLES = `
create table topic_log (
  id smallint primary key check (id = 1),
  epoch text not null,
  home text not null,
  last bigint not null default 0,
  forgotten bigint not null default 0,
  topics bigint not null default 0,
  messages bigint not null default 0,
  bytes bigint not null default 0
) with (fillfactor = 50);

create table topics (
  number bigint generated always as identity primary key,
  name bytea not null unique,
  count bigint not null,
  bytes bigint not null,
  last bigint not null,
  dropped bigint not null,
  emptied_ms bigint
) with (fillfactor = 50);
create index topics_emptied on topics (emptied_ms) where emptied_ms is not null;

create table topic_messages (
  topic bigint not null,
  place bigint not null,
  expiry bigint not null,
  size integer not null,
  body bytea not null,
  primary key (topic, place)
);
create index topic_messages_by_expiry on topic_messages (expiry);

create table topic_ids (
  topic bigint not null,
  id text collate "C" not null,
  place bigint not null,
  primary key (topic, id)
);
create index topic_ids_by_place on topic_ids (place);
`;

/** The time that counts: the database's own, so that no node's clock takes messages from the others; tests bring theirs. */
const NOW = 'coalesce(in_now, floor(extract(epoch from clock_timestamp()) * 1000)::bigint)';

/**
 * Outcomes: 0 appended, 1 known under its id, 2 full by count, 3 full by bytes, 4 all topics together are full. A topic is named by its
 * index in `t_names`; bodies lie one behind the other in `in_bodies`.
 */
const APPEND = `
create function append_messages(
  in_now bigint, in_bytes_max bigint, in_ids_ms bigint, t_names bytea[],
  m_topics integer[], m_ids text[], m_froms integer[], m_sizes integer[], m_expires bigint[], m_ages bigint[],
  m_counts bigint[], m_limits bigint[], m_mailbox boolean[], in_bodies bytea,
  out epoch text, out places bigint[], out previous bigint[], out outcomes integer[],
  out topics bigint, out messages bigint, out bytes bigint, out expired bigint
) language plpgsql as $append$
#variable_conflict use_column
declare
  l record;
  r record;
  gone record;
  now_ms bigint;
  given bigint;
  forgotten bigint;
  m_known bigint[];
  s_numbers bigint[];
  s_counts bigint[];
  s_bytes bigint[];
  s_lasts bigint[];
  s_dropped bigint[];
  s_keep_count bigint[];
  s_keep_bytes bigint[];
  s_touched boolean[];
  s_purged boolean[];
  t integer;
  size integer;
begin
  select * into strict l from topic_log where id = 1 for update;
  now_ms := ${NOW};
  epoch := l.epoch;
  given := l.last;
  forgotten := l.forgotten;
  topics := l.topics;
  messages := l.messages;
  bytes := l.bytes;
  expired := 0;
  select array_agg(x.number order by n.at), array_agg(coalesce(x.count, 0) order by n.at),
    array_agg(coalesce(x.bytes, 0) order by n.at), array_agg(coalesce(x.last, forgotten) order by n.at),
    array_agg(coalesce(x.dropped, forgotten) order by n.at)
  into s_numbers, s_counts, s_bytes, s_lasts, s_dropped
  from unnest(t_names) with ordinality as n (name, at) left join topics x on x.name = n.name;
  select array_agg(i.place order by m.at) into m_known
  from unnest(m_topics, m_ids) with ordinality as m (topic, id, at)
  left join topic_ids i on i.topic = s_numbers[m.topic] and i.id = m.id and i.place >= (now_ms - in_ids_ms) * 2048;
  s_touched := array_fill(false, array[cardinality(t_names)]);
  s_purged := s_touched;
  s_keep_count := array_fill(null::bigint, array[cardinality(t_names)]);
  s_keep_bytes := s_keep_count;
  places := array_fill(0::bigint, array[cardinality(m_topics)]);
  previous := places;
  outcomes := array_fill(0, array[cardinality(m_topics)]);

  for i in 1 .. cardinality(m_topics) loop
    t := m_topics[i];
    size := m_sizes[i];
    if m_known[i] is not null then
      places[i] := m_known[i];
      outcomes[i] := 1;
      continue;
    end if;
    if m_mailbox[i] then
      if not s_purged[t] and (s_counts[t] + 1 > m_counts[i] or s_bytes[t] + size > m_limits[i]) then
        s_purged[t] := true;
        with away as (delete from topic_messages m where m.topic = s_numbers[t] and m.expiry <= now_ms returning m.place, m.size)
        select count(*) as count, coalesce(sum(o.size), 0) as bytes, coalesce(max(o.place), 0) as place into gone from away o;
        if gone.count > 0 then
          s_touched[t] := true;
          s_counts[t] := s_counts[t] - gone.count;
          s_bytes[t] := s_bytes[t] - gone.bytes;
          s_dropped[t] := greatest(s_dropped[t], gone.place);
          messages := messages - gone.count;
          bytes := bytes - gone.bytes;
          expired := expired + gone.count;
        end if;
      end if;
      if s_counts[t] + 1 > m_counts[i] or s_bytes[t] + size > m_limits[i] then
        outcomes[i] := case when s_counts[t] + 1 > m_counts[i] then 2 else 3 end;
        continue;
      end if;
    else
      s_keep_count[t] := m_counts[i];
      s_keep_bytes[t] := m_limits[i];
    end if;
    if bytes + size > in_bytes_max then
      outcomes[i] := 4;
      continue;
    end if;
    given := greatest(given + 1, now_ms * 2048);
    places[i] := given;
    previous[i] := s_lasts[t];
    s_touched[t] := true;
    s_lasts[t] := given;
    s_counts[t] := s_counts[t] + 1;
    s_bytes[t] := s_bytes[t] + size;
    messages := messages + 1;
    bytes := bytes + size;
  end loop;

  with made as (
    insert into topics (name, count, bytes, last, dropped)
    select n.name, 0, 0, 0, 0 from unnest(t_names, s_numbers, s_touched) as n (name, number, touched)
    where n.number is null and n.touched
    returning 1
  )
  select topics + count(*) into topics from made;
  select array_agg(x.number order by n.at) into s_numbers
  from unnest(t_names) with ordinality as n (name, at) left join topics x on x.name = n.name;

  insert into topic_messages (topic, place, expiry, size, body)
  select s_numbers[m.topic], m.place, least(coalesce(m.expires, 9007199254740991), now_ms + m.age, 9007199254740991), m.size,
    substring(in_bodies from m.at for m.size)
  from unnest(m_topics, places, outcomes, m_expires, m_ages, m_sizes, m_froms) as m (topic, place, outcome, expires, age, size, at)
  where m.outcome = 0;
  insert into topic_ids as i (topic, id, place)
  select s_numbers[m.topic], m.id, m.place from unnest(m_topics, m_ids, places, outcomes) as m (topic, id, place, outcome)
  where m.outcome = 0
  on conflict (topic, id) do update set place = excluded.place;

  for t in 1 .. cardinality(t_names) loop
    if s_touched[t] and (s_counts[t] > s_keep_count[t] or s_bytes[t] > s_keep_bytes[t]) then
      for r in select m.place, m.size from topic_messages m where m.topic = s_numbers[t] order by m.place loop
        exit when s_counts[t] <= s_keep_count[t] and s_bytes[t] <= s_keep_bytes[t];
        s_counts[t] := s_counts[t] - 1;
        s_bytes[t] := s_bytes[t] - r.size;
        messages := messages - 1;
        bytes := bytes - r.size;
        s_dropped[t] := greatest(s_dropped[t], r.place);
      end loop;
      delete from topic_messages m where m.topic = s_numbers[t] and m.place <= s_dropped[t];
    end if;
  end loop;

  update topics x set count = n.count, bytes = n.bytes, last = n.last, dropped = n.dropped,
    emptied_ms = case when n.count = 0 then now_ms end
  from unnest(s_numbers, s_counts, s_bytes, s_lasts, s_dropped, s_touched) as n (number, count, bytes, last, dropped, touched)
  where x.number = n.number and n.touched;
  update topic_log x set last = given, topics = append_messages.topics, messages = append_messages.messages,
    bytes = append_messages.bytes where x.id = 1;
end
$append$;
`;

/** One page: rows of messages, and at the end one without a place that tells of the topic. What has expired takes no room. */
const READ = `
create function read_topic(
  in_now bigint, in_name bytea, in_epoch text, in_after bigint, in_limit integer, in_bytes bigint
) returns table (place bigint, body bytea, epoch text, given bigint, latest bigint, dropped bigint, has_expired boolean, has_more boolean)
language plpgsql stable as $read$
#variable_conflict use_column
declare
  l record;
  x record;
  r record;
  now_ms bigint := ${NOW};
  start bigint;
  taken integer := 0;
  taken_bytes bigint := 0;
begin
  select * into strict l from topic_log where id = 1;
  select * into x from topics where name = in_name;
  has_expired := false;
  has_more := false;
  -- Of another epoch nothing is known, so everything follows; without one, whoever asks knows what he has had.
  start := case when in_epoch is null or in_epoch = l.epoch then coalesce(in_after, 0) else 0 end;
  for r in execute format(
    'select m.place, m.expiry, m.size, m.body from topic_messages m where m.topic = $1 and m.place > $2 order by m.place %s',
    case when in_after is null then 'desc' else '' end
  ) using x.number, start loop
    if r.expiry <= now_ms then
      has_expired := true;
      continue;
    end if;
    if taken >= in_limit or taken_bytes >= in_bytes then
      has_more := in_after is not null;
      exit;
    end if;
    taken := taken + 1;
    taken_bytes := taken_bytes + r.size;
    place := r.place;
    body := r.body;
    return next;
  end loop;
  place := null;
  body := null;
  epoch := l.epoch;
  given := l.last;
  latest := coalesce(x.last, l.forgotten);
  dropped := coalesce(x.dropped, l.forgotten);
  return next;
end
$read$;
`;

/** Takes out what has expired, topics of which nothing has been held for long, and ids that are old; so many of each at most. */
const SWEEP = `
create function sweep_topics(
  in_now bigint, in_limit integer, in_forget_ms bigint, in_ids_ms bigint,
  out more boolean, out topics bigint, out messages bigint, out bytes bigint, out expired bigint
) language plpgsql as $sweep$
#variable_conflict use_column
declare
  l record;
  gone record;
  now_ms bigint := ${NOW};
  ids integer;
begin
  -- Nodes ask every second, and mostly there is nothing to lock anything for.
  if not exists (select from topic_messages m where m.expiry <= now_ms)
    and not exists (select from topics x where x.emptied_ms <= now_ms - in_forget_ms)
    and not exists (select from topic_ids i where i.place < (now_ms - in_ids_ms) * 2048)
  then
    select false, x.topics, x.messages, x.bytes, 0 into strict more, topics, messages, bytes, expired from topic_log x where x.id = 1;
    return;
  end if;
  select * into strict l from topic_log where id = 1 for update;
  with due as (
    select m.topic, m.place from topic_messages m where m.expiry <= now_ms order by m.expiry limit in_limit
  ), away as (
    delete from topic_messages m using due d where m.topic = d.topic and m.place = d.place returning m.topic, m.place, m.size
  ), per as (
    select o.topic, count(*) as count, sum(o.size) as bytes, max(o.place) as place from away o group by o.topic
  ), told as (
    update topics x set count = x.count - p.count, bytes = x.bytes - p.bytes, dropped = greatest(x.dropped, p.place),
      emptied_ms = case when x.count = p.count then now_ms else x.emptied_ms end
    from per p where x.number = p.topic
  )
  select coalesce(sum(p.count), 0)::bigint as count, coalesce(sum(p.bytes), 0)::bigint as bytes into gone from per p;
  expired := gone.count;
  messages := l.messages - gone.count;
  bytes := l.bytes - gone.bytes;
  with away as (
    delete from topics x where x.number in (
      select e.number from topics e where e.emptied_ms <= now_ms - in_forget_ms order by e.emptied_ms limit in_limit
    ) returning x.last
  )
  select count(*) as count, coalesce(max(o.last), 0) as last into gone from away o;
  topics := l.topics - gone.count;
  with away as (
    delete from topic_ids i where (i.topic, i.id) in (
      select e.topic, e.id from topic_ids e where e.place < (now_ms - in_ids_ms) * 2048 order by e.place limit in_limit
    ) returning 1
  )
  select count(*) into ids from away;
  more := expired = in_limit or gone.count = in_limit or ids = in_limit;
  update topic_log x set topics = sweep_topics.topics, messages = sweep_topics.messages, bytes = sweep_topics.bytes,
    forgotten = greatest(x.forgotten, gone.last) where x.id = 1;
end
$sweep$;
`;

export const topicLogs = TABLES + APPEND + READ + SWEEP;
