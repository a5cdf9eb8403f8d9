/**
 * Joins have numbers (CLU-1). One that its node gave up may be carried out when a later one of the same start has come about: it would put the
 * node's row back to where it began, and free what it owns by now while it goes on. The number of the last one lies with the fence, which
 * outlives the row. The function of before stays, for nodes of before.
 */
export const numberedJoins = `
alter table fences add column joined_boot text, add column joined bigint not null default 0;

-- Null: a later join of this start has been carried out.
create function join_cluster(
  in_node text, in_boot text, in_join bigint, in_address text, in_public_url text, in_protocol int, in_state text, in_lease_ms int,
  in_nodes_max int
) returns json language plpgsql as $$
begin
  -- Looked at first without a lock: who is refused must not make the one that lives wait.
  if exists (select from nodes where name = in_node and boot <> in_boot and lease_until > clock_timestamp()) then
    return json_build_object('refused', 'NODE_NAME_TAKEN');
  end if;
  insert into fences (name, number, holder) values (in_node, 0, in_boot) on conflict (name) do nothing;
  perform from fences where name = in_node for update;
  if exists (select from fences where name = in_node and joined_boot = in_boot and joined >= in_join) then
    return null;
  end if;
  update fences set joined_boot = in_boot, joined = in_join where name = in_node;
  return join_cluster(in_node, in_boot, in_address, in_public_url, in_protocol, in_state, in_lease_ms, in_nodes_max);
end
$$;
`;
