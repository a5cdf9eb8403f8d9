/**
 * Who is a node of the cluster, and who owns what (docs/specs/cluster.md). Each change is one call of one function, in one transaction of
 * the database's own: a node that is stopped in the middle of it holds no lock that others wait for.
 *
 * One lock order, whoever changes anything: fences, cluster, nodes by name, owners by pid, coordinator. A commit takes a fence, shared, and
 * then nothing of these, a renewal the row of its node and the coordinator's. So nobody waits in a circle, and no renewal waits for a change
 * of the map to come about.
 *
 * All times are those of `clock_timestamp()`: `now()` would be that of the beginning of a transaction that waited for a lock.
 */
const TABLES = `
create table cluster (
  id smallint primary key check (id = 1),
  map_version bigint not null
);
insert into cluster values (1, 0);

create table coordinator (
  id smallint primary key check (id = 1),
  node text collate "C",
  boot text,
  lease_until timestamptz not null
) with (fillfactor = 20);
insert into coordinator values (1, null, null, '-infinity');

create table nodes (
  name text collate "C" primary key,
  boot text not null,
  slot int not null,
  address text not null,
  public_url text,
  state text not null check (state in ('JOINING', 'ACTIVE', 'DRAINING')),
  protocol int not null,
  joined_at timestamptz not null,
  lease_until timestamptz not null
) with (fillfactor = 50);

create table owners (
  pid smallint primary key,
  epoch bigint not null,
  node text collate "C",
  boot text,
  target text collate "C",
  map_version bigint not null
) with (fillfactor = 50);
insert into owners (pid, epoch, map_version) select pid, 0, 0 from generate_series(0, 270) pid;
`;

/** What the others read, and small steps of the changes below. */
const PARTS = `
create function cluster_map() returns json language sql stable as $$
  select json_build_object(
    'version', (select map_version from cluster where id = 1),
    'nodes', (
      select coalesce(json_agg(json_build_object(
        'name', name, 'boot', boot, 'slot', slot, 'address', address, 'publicUrl', public_url, 'state', state, 'protocol', protocol
      ) order by slot), '[]') from nodes
    ),
    'owners', (select json_agg(json_build_array(pid, epoch, node, boot, target) order by pid) from owners)
  )
$$;

-- Who listens hears of it when it is committed; who does not sees it at the next renewal.
create function next_map() returns bigint language plpgsql as $$
declare
  v bigint;
begin
  update cluster set map_version = map_version + 1 where id = 1 returning map_version into v;
  perform pg_notify('topgun_map', current_schema() || ' ' || v);
  return v;
end
$$;

-- Above all that the partition ever had, whoever gave it.
create function next_epoch(in_pid smallint, in_epoch bigint) returns bigint language sql volatile as $$
  select greatest(in_epoch, coalesce((select p.epoch from partitions p where p.pid = in_pid), 0)) + 1
$$;

create function raise_fence(in_name text, in_holder text) returns bigint language sql as $$
  update fences set number = number + 1, holder = in_holder, raised_at = clock_timestamp() where name = in_name returning number
$$;

-- The highest slot takes the place of the one that is left, so that there are no gaps (CLU-11).
create function remove_node(in_name text) returns void language plpgsql as $$
declare
  hole int;
begin
  delete from nodes where name = in_name returning slot into hole;
  update nodes set slot = hole where slot > hole and slot = (select max(slot) from nodes);
  update owners set target = null where target = in_name;
end
$$;

create function free_owned(in_node text, v bigint) returns void language sql as $$
  update owners set node = null, boot = null, target = null, map_version = v where node = in_node
$$;
`;

const MEMBERSHIP = `
create function join_cluster(
  in_node text, in_boot text, in_address text, in_public_url text, in_protocol int, in_state text, in_lease_ms int, in_nodes_max int
) returns json language plpgsql as $$
declare
  v bigint;
  number bigint;
  held nodes;
  place int;
begin
  -- Looked at first without a lock: who is refused must not make the one that lives wait.
  if exists (select from nodes where name = in_node and boot <> in_boot and lease_until > clock_timestamp()) then
    return json_build_object('refused', 'NODE_NAME_TAKEN');
  end if;
  insert into fences (name, number, holder) values (in_node, 0, in_boot) on conflict (name) do nothing;
  perform from fences where name = in_node for update;
  perform from cluster where id = 1 for update;
  select * into held from nodes where name = in_node for update;
  if found and held.boot <> in_boot and held.lease_until > clock_timestamp() then
    return json_build_object('refused', 'NODE_NAME_TAKEN');
  end if;
  place := held.slot;
  if place is null then
    if (select count(*) from nodes) >= in_nodes_max then
      return json_build_object('refused', 'CLUSTER_FULL');
    end if;
    select coalesce(min(s), 0) into place from generate_series(0, in_nodes_max) s where not exists (select from nodes where slot = s);
  end if;
  number := raise_fence(in_node, in_boot);
  v := next_map();
  -- Who comes back with all it had in memory goes on with what was its own, and nothing has to move; its fence has been raised.
  if in_state = 'ACTIVE' then
    perform from owners where node = in_node order by pid for update;
    update owners o set epoch = next_epoch(o.pid, o.epoch), boot = in_boot, map_version = v where o.node = in_node;
  else
    perform free_owned(in_node, v);
  end if;
  insert into nodes values (
    in_node, in_boot, place, in_address, in_public_url, in_state, in_protocol, clock_timestamp(),
    clock_timestamp() + in_lease_ms * interval '1 ms'
  ) on conflict (name) do update set
    boot = excluded.boot, address = excluded.address, public_url = excluded.public_url, state = excluded.state,
    protocol = excluded.protocol, joined_at = excluded.joined_at, lease_until = excluded.lease_until;
  return json_build_object('fence', number, 'version', v);
end
$$;

-- Null when there is no lease of this boot that lives. The map is told when it is another one than the caller knows.
create function renew_lease(in_node text, in_boot text, in_lease_ms int, in_known bigint) returns json language plpgsql as $$
declare
  leads boolean;
  answer json;
begin
  update nodes set lease_until = clock_timestamp() + in_lease_ms * interval '1 ms'
  where name = in_node and boot = in_boot and lease_until > clock_timestamp();
  if not found then
    return null;
  end if;
  update coordinator set node = in_node, boot = in_boot, lease_until = clock_timestamp() + in_lease_ms * interval '1 ms'
  where id = 1 and (lease_until <= clock_timestamp() or (node = in_node and boot = in_boot));
  leads := found;
  select json_build_object(
    'leads', leads,
    'coordinator', (select c.node from coordinator c where c.lease_until > clock_timestamp()),
    'leases', (
      select json_agg(json_build_array(n.name, n.boot, extract(epoch from n.lease_until - clock_timestamp()) * 1000)) from nodes n
    ),
    'version', (select c.map_version from cluster c where id = 1),
    'map', (select cluster_map() from cluster c where c.id = 1 and c.map_version <> in_known)
  ) into answer;
  return answer;
end
$$;

-- Forward only: a word that comes late changes nothing.
create function set_node_state(in_node text, in_boot text, in_state text) returns boolean language plpgsql as $$
begin
  perform from cluster where id = 1 for update;
  update nodes set state = in_state where name = in_node and boot = in_boot
    and case in_state when 'ACTIVE' then state = 'JOINING' when 'DRAINING' then state in ('JOINING', 'ACTIVE') else false end;
  if not found then
    return exists (select from nodes where name = in_node and boot = in_boot and state = in_state);
  end if;
  perform next_map();
  return true;
end
$$;

-- A node that goes of its own will: what it owned is free at once.
create function leave_cluster(in_node text, in_boot text) returns boolean language plpgsql as $$
declare
  v bigint;
begin
  perform from fences where name = in_node for update;
  perform from cluster where id = 1 for update;
  perform from nodes where name = in_node and boot = in_boot for update;
  if not found then
    return false;
  end if;
  perform raise_fence(in_node, in_boot || ' has left');
  v := next_map();
  perform free_owned(in_node, v);
  perform remove_node(in_node);
  update coordinator set lease_until = '-infinity' where node = in_node and boot = in_boot;
  return true;
end
$$;
`;

const OWNERSHIP = `
-- A coordinator's proposal: nobody's partitions get an owner, those of somebody a target. Null when the map is another one by now.
create function propose_map(in_version bigint, in_pids smallint[], in_nodes text[], in_targets text[]) returns bigint
language plpgsql as $$
declare
  v bigint;
begin
  perform from cluster where id = 1 and map_version = in_version for update;
  if not found then
    return null;
  end if;
  v := next_map();
  perform from owners where pid = any (in_pids) order by pid for update;
  update owners o set
    epoch = next_epoch(o.pid, o.epoch), node = n.name, boot = n.boot, target = null, map_version = v
  from unnest(in_pids, in_nodes) as x (pid, node) join nodes n on n.name = x.node
  where o.pid = x.pid and o.node is null and n.state = 'ACTIVE' and n.lease_until > clock_timestamp();
  update owners o set target = x.target, map_version = v
  from unnest(in_pids, in_nodes, in_targets) as x (pid, node, target)
  where o.pid = x.pid and x.node is null and o.node is not null and o.node is distinct from x.target;
  return v;
end
$$;

-- An owner gives partitions away, or, to itself, makes void whatever it said of them before. Tells which of them it had until now; null when
-- the target has not been heard of for longer than in_silence_ms: it might not take them.
create function hand_over(
  in_node text, in_boot text, in_pids smallint[], in_epochs bigint[], in_target text, in_lease_ms int, in_silence_ms int
) returns json language plpgsql as $$
declare
  v bigint;
  taker nodes;
  given smallint[];
begin
  perform from cluster where id = 1 for update;
  select * into taker from nodes where name = in_target and (
    (name = in_node and boot = in_boot)
    or (state = 'ACTIVE' and lease_until > clock_timestamp() + (in_lease_ms - in_silence_ms) * interval '1 ms')
  );
  if not found then
    return null;
  end if;
  select array_agg(o.pid order by o.pid) into given from (
    select o.pid from owners o join unnest(in_pids, in_epochs) as x (pid, epoch) using (pid)
    where o.epoch = x.epoch and o.node = in_node and o.boot = in_boot and (o.target = in_target or in_target = in_node)
    order by o.pid for update of o
  ) o;
  if given is null then
    return (select json_build_object('version', map_version, 'given', json_build_array()) from cluster where id = 1);
  end if;
  v := next_map();
  update owners o set
    epoch = next_epoch(o.pid, o.epoch), node = taker.name, boot = taker.boot, map_version = v,
    target = case when taker.name = in_node then o.target end
  where o.pid = any (given);
  return json_build_object('version', v, 'given', given);
end
$$;

-- Partitions of a dead node go to others. Its fence is raised first, which waits for its commits that run: they are seen or void, and no
-- later one of it counts (STO-33). Null when it lives, or is not there any more.
create function take_over(in_node text, in_boot text, in_by text, in_pids smallint[], in_nodes text[]) returns bigint
language plpgsql as $$
declare
  v bigint;
begin
  -- Looked at first without a lock: one that lives must not be made to wait.
  if not exists (select from nodes where name = in_node and boot = in_boot and lease_until <= clock_timestamp()) then
    return null;
  end if;
  perform from fences where name = in_node for update;
  perform from cluster where id = 1 for update;
  perform from nodes where name = in_node and boot = in_boot and lease_until <= clock_timestamp() for update;
  if not found then
    return null;
  end if;
  perform raise_fence(in_node, 'taken over by ' || in_by);
  v := next_map();
  perform from owners where node = in_node order by pid for update;
  update owners o set
    epoch = next_epoch(o.pid, o.epoch), node = n.name, boot = n.boot, target = null, map_version = v
  from unnest(in_pids, in_nodes) as x (pid, node) join nodes n on n.name = x.node
  where o.pid = x.pid and o.node = in_node and n.name <> in_node and n.state = 'ACTIVE' and n.lease_until > clock_timestamp();
  perform free_owned(in_node, v);
  perform remove_node(in_node);
  return v;
end
$$;
`;

export const second = TABLES + PARTS + MEMBERSHIP + OWNERSHIP;
