import type { Rng } from '../rng.js';
import type { SimDevice } from '../world/SimDevice.js';
import type { Link } from '../world/SimNetwork.js';
import { type MemberWorld, SimMember } from './SimMember.js';

/** A node by its name: at most one life at a time. */
export interface Place {
  readonly name: string;
  member: SimMember | undefined;
  /** faults that keep it down */
  held: number;
  /** its clock's error, ms */
  skewMs: number;
}

/** The nodes of a simulated cluster, who runs them, and which of them devices are at. */
export class SimCluster {
  readonly places: readonly Place[];
  readonly #world: MemberWorld;
  readonly #rng: Rng;
  readonly #homes = new Map<object, string>();

  constructor(world: MemberWorld, count: number, rng: Rng) {
    this.#world = world;
    this.#rng = rng;
    this.places = Array.from({ length: count }, (_, i) => ({
      name: `node-${i + 1}`,
      member: undefined,
      held: 0,
      skewMs: 0,
    }));
  }

  get members(): readonly SimMember[] {
    return this.places.flatMap(({ member }) => member ?? []);
  }

  /** Those that clients can be at. */
  get serving(): readonly SimMember[] {
    return this.members.filter(({ isServing }) => isServing);
  }

  place(name: string): Place {
    return this.places.find((place) => place.name === name) as Place;
  }

  start(place: Place): void {
    if (place.held > 0 || place.member !== undefined) return;
    this.#world.count('node started');
    place.member = new SimMember(this.#world, place.name, this.#rng.fork());
  }

  kill(place: Place): void {
    const { member } = place;
    place.member = undefined;
    member?.kill();
  }

  /** A life has ended by itself: whoever runs the node starts it again soon. */
  over(member: SimMember): void {
    const place = this.place(member.self.name);
    if (place.member !== member) return;
    place.member = undefined;
    this.#world.scheduler.after(this.#rng.int(200, 3000), () => this.start(place));
  }

  /** A device goes to another node with its next connection. */
  move(device: Pick<SimDevice, 'weather'>, to: Place): void {
    this.#homes.set(device.weather, to.name);
  }

  /** Hands the server end of a link to a node: mostly the one that the device was at, else any that serves. */
  accept(link: Link): boolean {
    const home = this.#homes.get(link.weather);
    const stays = this.serving.find(({ self }) => self.name === home);
    const member = stays !== undefined && this.#rng.chance(0.7) ? stays : this.#any();
    if (member === undefined) return false;
    if (home !== undefined && member.self.name !== home)
      this.#world.count('sometimes device at another node');
    this.#homes.set(link.weather, member.self.name);
    member.accept(link);
    return true;
  }

  #any(): SimMember | undefined {
    return this.serving.length === 0 ? undefined : this.#rng.pick(this.serving);
  }
}
