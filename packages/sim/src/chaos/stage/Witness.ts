import pg from 'pg';

/** A row that somebody wrote who did not own its partition, or no more at that epoch. */
export interface StrayWrite {
  readonly node: string;
  readonly pid: number;
  readonly epoch: number;
  readonly owner: string | null;
  readonly owner_epoch: number;
  readonly at: string;
}

/**
 * Writes down each row that a commit brings past the fence, and who brought it; of records and places of partitions also who owned the
 * partition in the same moment. Rows that change nothing count, for what is late has mostly been said again to others, whose version stands.
 * Who writes is told by the role that the connection logged in as: each node has one of its own.
 */
const WATCH = `
create schema chaos;
create table chaos.writes (
  at timestamptz not null default clock_timestamp(),
  node text not null default session_user,
  pid smallint, epoch bigint, owner text, owner_epoch bigint
);
create index on chaos.writes (node, at);
create function chaos.note() returns trigger language plpgsql as $$
begin
  insert into chaos.writes (pid, epoch, owner, owner_epoch)
  select new.pid, new.epoch, o.node, o.epoch from topgun.owners o where o.pid = new.pid;
  return new;
end $$;
create function chaos.note_any() returns trigger language plpgsql as $$
begin
  insert into chaos.writes default values;
  return new;
end $$;
create trigger chaos_note before insert on topgun.dedup for each row execute function chaos.note_any();
create trigger chaos_note before insert on topgun.facts for each row execute function chaos.note_any();
create trigger chaos_note before insert on topgun.records for each row execute function chaos.note();
create trigger chaos_note before insert on topgun.partitions for each row execute function chaos.note();
`;

/** What a commit asks of its fence, and what is left of it without (`lowerFence`). */
const REFUSAL = "if not found then\n    raise exception 'the fence";
const NO_REFUSAL = "if false then\n    raise exception 'the fence";

/** What the database knows of the writes of the nodes, asked as nobody of the cluster. Each question has a connection of its own. */
export class Witness {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** The address at which a node logs in as itself. */
  async admit(node: string, port: number): Promise<string> {
    const url = new URL(this.#url);
    await this.#ask(`create role "${node}" superuser login password '${url.password}'`);
    url.username = node;
    url.port = String(port);
    return url.href;
  }

  /** From now on; the tables of the nodes are there. */
  async watch(): Promise<void> {
    await this.#ask(WATCH);
  }

  /** Has the database commit whatever comes, whoever owns what by now: the mistake that the watch has to see. */
  async lowerFence(): Promise<void> {
    const [{ text = '' } = {}] = await this.#ask<{ text: string }>(
      "select pg_get_functiondef('topgun.commit_shared'::regproc) as text",
    );
    if (!text.includes(REFUSAL)) throw new Error('The commit of the database asks its fence in other words.');
    await this.#ask(text.replace(REFUSAL, NO_REFUSAL));
  }

  strayWrites(): Promise<StrayWrite[]> {
    return this.#ask<StrayWrite>(
      `select node, pid, epoch::float8 as epoch, owner, owner_epoch::float8 as owner_epoch, at::text as at from chaos.writes
       where pid is not null and (node is distinct from owner or epoch <> owner_epoch) order by at limit 20`,
    );
  }

  /** How many rows a node has written between two moments of `now`. */
  async writesOf(node: string, from: string, to: string): Promise<number> {
    const text =
      'select count(*)::int as count from chaos.writes where node = $1 and at > $2::timestamptz and at < $3::timestamptz';
    const [row] = await this.#ask<{ count: number }>(text, [node, from, to]);
    return row?.count ?? 0;
  }

  /** By the clock of the database. */
  async now(): Promise<string> {
    const [row] = await this.#ask<{ now: string }>('select clock_timestamp()::text as now');
    return row?.now ?? '';
  }

  /** When a node that is a member has become one; undefined: it is none, others have taken it over. */
  async joinedAt(node: string): Promise<string | undefined> {
    const text = 'select joined_at::text as at from topgun.nodes where name = $1';
    const [row] = await this.#ask<{ at: string }>(text, [node]);
    return row?.at;
  }

  /** Ends all connections of the nodes, as an operator or a proxy does. How many there were. */
  async terminateAll(): Promise<number> {
    const rows = await this.#ask(
      "select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    );
    return rows.length;
  }

  async #ask<T extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.#url, application_name: 'witness' });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<T>(text, values.length > 0 ? [...values] : undefined);
      return rows;
    } finally {
      await client.end();
    }
  }
}
