import type { ClusterMap, OwnerEngine } from '../ports.js';

/** Does at once what an engine does, and remembers in which order; what it is asked must fit what it has. */
export class FakeOwnerEngine implements OwnerEngine {
  /** epochs of what it owns, by pid */
  readonly owned = new Map<number, number>();
  readonly held = new Set<number>();
  readonly calls: string[] = [];
  maps: ClusterMap[] = [];
  /** releases do not come to an end while it is so */
  isStuck = false;

  async own(grants: readonly { readonly pid: number; readonly epoch: number }[]): Promise<void> {
    this.calls.push('own');
    for (const { pid, epoch } of grants) {
      if (this.owned.has(pid)) throw new Error(`partition ${pid} is owned already`);
      this.owned.set(pid, epoch);
    }
  }

  release(pids: readonly number[]): Promise<void> {
    this.calls.push('release');
    for (const pid of this.#mine(pids)) this.held.add(pid);
    return this.isStuck ? new Promise(() => undefined) : Promise.resolve();
  }

  resume(pids: readonly number[]): void {
    this.calls.push('resume');
    for (const pid of this.#mine(pids)) this.held.delete(pid);
  }

  lost(pids: readonly number[]): void {
    this.calls.push('lost');
    for (const pid of this.#mine(pids)) {
      this.owned.delete(pid);
      this.held.delete(pid);
    }
  }

  fenced(): void {
    this.calls.push('fenced');
    this.owned.clear();
    this.held.clear();
  }

  mapChanged(map: ClusterMap): void {
    this.maps.push(map);
  }

  #mine(pids: readonly number[]): readonly number[] {
    for (const pid of pids) if (!this.owned.has(pid)) throw new Error(`partition ${pid} is not owned`);
    return pids;
  }
}
