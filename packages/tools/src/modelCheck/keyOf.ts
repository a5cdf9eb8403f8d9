import type { ClusterMap, OwnerRow } from '@topgun/server/internal/cluster/ports';
import type { OwnershipReply, OwnershipRequest } from '@topgun/server/internal/engine/ownership/ports';
import type { Parcel, Server, World } from './World.js';

/** Beyond it a number makes no difference any more: all is past, or long ago. */
const FAR = 9;

/**
 * A text that is the same for two worlds from which the same can happen. Times are told from now, versions, epochs and numbers of fences and of
 * questions from the newest there is, joins from the last one: a cluster that has done nothing but renew its leases is where it was.
 */
export function keyOf(world: World): string {
  const { now, tables, faults } = world;
  const { map, coordinator, fences } = tables;
  const epochs = map.owners.map(({ epoch }) => epoch);
  const shape = new Shape(now, map.version, epochs, fences, tables.joins);
  return [
    faults,
    map.nodes
      .map(({ name, boot, state, slot, until }) => [name, boot, state, slot, shape.ahead(until)].join())
      .join(';'),
    shape.owners(map.owners),
    coordinator.node,
    shape.ahead(coordinator.until),
    world.servers.map((server) => shape.server(server)).join('|'),
    world.parcels.map((parcel) => shape.parcel(parcel, world.servers)).join('|'),
  ].join('/');
}

class Shape {
  readonly #now: number;
  readonly #version: number;
  readonly #epochs: readonly number[];
  readonly #fences: Readonly<Record<string, number>>;
  readonly #joins: Readonly<Record<string, number>>;

  constructor(
    now: number,
    version: number,
    epochs: readonly number[],
    fences: Readonly<Record<string, number>>,
    joins: Readonly<Record<string, number>>,
  ) {
    this.#now = now;
    this.#version = version;
    this.#epochs = epochs;
    this.#fences = fences;
    this.#joins = joins;
  }

  /** A time that matters as long as it is to come. */
  ahead = (at: number): number => Math.max(0, at - this.#now);

  ago = (at: number): number => Math.min(FAR, this.#now - at);

  version = (version: number): number => Math.min(FAR, this.#version - version);

  epoch = (pid: number, epoch: number): number => Math.min(FAR, (this.#epochs[pid] ?? 0) - epoch);

  fence = (name: string, number: number): number => Math.min(FAR, (this.#fences[name] ?? 0) - number);

  join = (boot: string, number: number): number => Math.max(-FAR, number - (this.#joins[boot] ?? 0));

  owners = (owners: readonly OwnerRow[]): string =>
    owners
      .map(({ pid, epoch, node, boot, target }) => `${this.epoch(pid, epoch)}${node}${boot}${target}`)
      .join();

  map = ({ version, nodes, owners }: ClusterMap): string =>
    `${this.version(version)}${nodes.map(({ name, boot, state, slot }) => name + boot + state[0] + slot).join()}:${this.owners(owners)}`;

  server({ isUp, isPaused, boot, state, armedAt, fence, taken, held, tasks, name }: Server): string {
    if (!isUp) return boot;
    const question = (call: number): number => Math.min(FAR, state.calls - call);
    const { phase, isLoaded, wants, leads, isStale, isDrained, giving, pulse, work } = state;
    return [
      boot,
      this.join(boot, state.joins),
      isPaused,
      phase,
      isLoaded,
      wants,
      leads,
      isStale,
      isDrained,
      this.ahead(armedAt),
      this.fence(name, fence),
      [state.aliveUntilAt, state.graceUntilAt, state.pulseAt, state.workAt, state.giveAt]
        .map(this.ahead)
        .join(),
      this.ago(state.heardAt),
      this.version(state.sinceVersion),
      this.map(state.map),
      state.leases.map((lease) => lease.name + lease.boot + lease.leftMs).join(),
      pulse && [question(pulse.call), this.ago(pulse.sentAt), pulse.isLate, pulse.request.type].join(),
      work && [question(work.call), work.request.type].join(),
      giving &&
        [giving.stage, question(giving.call), giving.pids, giving.target, this.ago(giving.sinceAt)].join(),
      [...state.holds].map(([pid, hold]) => `${pid}:${this.epoch(pid, hold.epoch)}${hold.isTaken}`).join(),
      [...taken].map(([pid, epoch]) => `${pid}:${this.epoch(pid, epoch)}`).join(),
      [...held].join(),
      tasks
        .map((task) => {
          if (task.type === 'load') return task.type;
          return task.type === 'own'
            ? task.grants.map(({ pid, epoch }) => `${pid}:${this.epoch(pid, epoch)}`).join()
            : `${question(task.call)}${task.pids.join()}`;
        })
        .join(';'),
    ].join('.');
  }

  parcel({ server, boot, call, request, flush, answer, isHeld }: Parcel, servers: readonly Server[]): string {
    const by = servers[server];
    const number = by === undefined || by.boot !== boot ? 'old' : Math.min(FAR, by.state.calls - call);
    const name = by?.name ?? '';
    return [
      server,
      boot,
      number,
      isHeld,
      request && this.request(request, boot),
      flush && [flush.pid, this.epoch(flush.pid, flush.epoch), this.fence(name, flush.fence)].join(),
      answer && this.answer(answer, name),
    ].join('.');
  }

  request(request: OwnershipRequest, boot: string): string {
    switch (request.type) {
      case 'join':
        return `join${this.join(boot, request.number)}${request.state}`;
      case 'renew':
        return `renew${this.version(request.known)}`;
      case 'propose':
        return `propose${this.version(request.version)}${JSON.stringify(request.changes)}`;
      case 'handOver':
        return `give${request.pids.map((pid, i) => `${pid}:${this.epoch(pid, request.epochs[i] ?? 0)}`).join()}${request.target}`;
      default:
        return JSON.stringify(request);
    }
  }

  answer(answer: OwnershipReply, name: string): string {
    const { type, reply } = answer;
    if (type === 'join' && reply !== undefined && 'fence' in reply)
      return `${this.fence(name, reply.fence)}.${this.version(reply.version)}`;
    if (type === 'renew' && reply !== 'gone') {
      const leases = reply.leases.map((lease) => lease.name + lease.boot + lease.leftMs).join();
      return `${reply.leads}${leases}.${reply.map === undefined ? this.version(reply.version) : this.map(reply.map)}`;
    }
    if (type === 'handOver') return `${reply && this.version(reply.version)}:${reply?.given.join()}`;
    return JSON.stringify(answer);
  }
}
