/**
 * What SQL lacks for our values, as functions of a value held as tagged JSON: its place in the order of types (data.md), and each
 * type's content, null for other types. Simple enough for PostgreSQL to put them in line.
 */
export const FUNCTIONS = `
create function tg_rank(x jsonb) returns int immutable language sql as $$
  select case jsonb_typeof(x)
    when 'null' then 1 when 'boolean' then 2 when 'number' then 3 when 'string' then 4 when 'array' then 7
    when 'object' then case when x ? '$n' then 3 when x ? '$d' then 5 when x ? '$y' then 6 else 8 end
    else 0 end
$$;
create function tg_bool(x jsonb) returns boolean immutable language sql as $$
  select case when jsonb_typeof(x) = 'boolean' then (x #>> '{}')::boolean end
$$;
create function tg_num(x jsonb) returns numeric immutable language sql as $$
  select case jsonb_typeof(x) when 'number' then (x #>> '{}')::numeric when 'object' then (x ->> '$n')::numeric end
$$;
create function tg_big(x jsonb) returns boolean immutable language sql as $$
  select jsonb_typeof(x) = 'object' and x ? '$n'
$$;
create function tg_text(x jsonb) returns text immutable language sql as $$
  select case when jsonb_typeof(x) = 'string' then x #>> '{}' end
$$;
create function tg_date(x jsonb) returns numeric immutable language sql as $$
  select case when jsonb_typeof(x) = 'object' then (x ->> '$d')::numeric end
$$;
create function tg_bytes(x jsonb) returns bytea immutable language sql as $$
  select case when jsonb_typeof(x) = 'object' then decode(x ->> '$y', 'hex') end
$$;
`;
