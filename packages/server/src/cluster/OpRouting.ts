import { LIMITS } from '@topgun/protocol';
import type { Forwarding } from '../engine/cluster/Forwarding.js';
import { Routes } from '../engine/cluster/Routes.js';
import type { RepairOrder, RepairResult } from '../engine/repair/Repair.js';
import type { PeerInputs } from '../RequestPeers.js';
import { ForwardedPeers } from './ForwardedPeers.js';
import { answerItemOf, askItemOf } from './linkGuards.js';
import { MapSharing } from './MapSharing.js';
import type { ClusterMap, NodeLinks } from './ports.js';
import { RepairRouting } from './RepairRouting.js';

export interface OpRoutingParts {
  /** of this node */
  readonly name: string;
  readonly boot: string;
  readonly links: Pick<NodeLinks, 'up' | 'send' | 'broadcast' | 'read' | 'onChange'>;
  readonly forwarding: Forwarding;
  readonly inputs: PeerInputs;
  /** Runs something when the engine has returned, and what this turn says is said. */
  readonly defer: (run: () => void) => void;
  /** The engine is to end a turn: more can be sent, or answered, than before. */
  readonly wake: () => void;
  /** Runs something later, in ms. */
  readonly after: (ms: number, run: () => void) => void;
  /** Makes a repair here. */
  readonly repair: (order: RepairOrder) => Promise<RepairResult>;
}

/** Ops of this node's clients to their owners, and those of others' clients to this node, on the links between nodes (CLU-30 to CLU-34). */
export class OpRouting {
  /** clients of other nodes, as connections of the engine */
  readonly peers: ForwardedPeers;
  /** of records that any node owns */
  readonly repairs: RepairRouting;
  readonly #parts: OpRoutingParts;
  readonly #maps: MapSharing;
  readonly #routes: Routes;

  constructor(parts: OpRoutingParts) {
    this.#parts = parts;
    const { name, boot, links, forwarding, inputs, defer, wake, after, repair } = parts;
    const routes = new Routes(
      { name, boot, links, defer },
      {
        asked: (inlet, item) => this.peers.asked(inlet, askItemOf(item)),
        answered: (route, item) => {
          forwarding.answered(route, answerItemOf(item));
          wake();
        },
        routeLost: (route) => {
          forwarding.routeLost(route);
          wake();
        },
        inletLost: (inlet) => this.peers.inletLost(inlet),
        aside: (node, message) => {
          this.#maps.heard(node, message);
          this.repairs.heard(node, message);
        },
        linked: (node) => {
          if (node !== undefined) this.#maps.linked(node);
          wake();
        },
      },
    );
    this.#routes = routes;
    this.#maps = new MapSharing({
      after,
      send: (to, frame) => routes.aside(to, frame),
      newer: (map) => {
        forwarding.mapChanged(map);
        this.repairs.mapChanged(map);
        wake();
      },
    });
    this.repairs = new RepairRouting({
      name,
      local: repair,
      send: (to, frame) => routes.aside(to, frame),
      after,
      waitMs: LIMITS.decisionMs,
    });
    this.peers = new ForwardedPeers({
      inputs,
      defer,
      answer: (inlet, item, bytes) => routes.answer(inlet, item, bytes),
    });
    forwarding.open({
      to: (node) => routes.to(node),
      ask: (route, item, bytes) => routes.ask(route, item, bytes),
      bounce: (...about) => this.peers.bounce(...about),
    });
  }

  /** Clients of other nodes that write here. */
  get guests(): number {
    return this.peers.size;
  }

  /** Frames between two other nodes that went over this one. */
  get handedOn(): number {
    return this.#routes.handedOn;
  }

  /** The database has told a newer map. */
  mapChanged(map: ClusterMap): void {
    this.#maps.changed(map);
    this.repairs.mapChanged(map);
    this.#parts.forwarding.mapChanged(map);
    this.#parts.wake();
  }
}
