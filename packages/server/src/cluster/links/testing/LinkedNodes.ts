import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { parseConfig } from '../../../config/load.js';
import { Upgrades } from '../../../transport/Upgrades.js';
import { visitorsOf } from '../../../transport/visitorsOf.js';
import type { LinkChannel, NodeInfo } from '../../ports.js';
import { ClusterLinks, type ClusterLinksParts } from '../ClusterLinks.js';
import { FaultyWay } from './FaultyWay.js';

export const SECRET = 'a secret of the cluster, of 32 characters or more';

export interface LinkedNodeParts extends ClusterLinksParts {
  /** with one it listens to TLS */
  readonly certificate: { readonly cert: string; readonly key: string };
}

/** A node as far as its links go: a real port, real sockets, and a way to it that can be broken. */
export class LinkedNode {
  readonly name: string;
  readonly links: ClusterLinks;
  readonly heard: (readonly [from: string, channel: LinkChannel, message: unknown])[] = [];
  readonly changes: string[] = [];
  readonly #http: Server;
  readonly #way: FaultyWay;
  readonly #scheme: 'ws' | 'wss';

  private constructor(name: string, http: Server, way: FaultyWay, parts: Partial<LinkedNodeParts>) {
    this.name = name;
    this.#scheme = parts.certificate === undefined ? 'ws' : 'wss';
    this.#http = http;
    this.#way = way;
    this.links = new ClusterLinks({
      name,
      boot: randomBytes(6).toString('hex'),
      secret: SECRET,
      logger: pino({ level: 'silent' }),
      monoMs: () => performance.now(),
      random: Math.random,
      randomBytes,
      ...parts,
    });
    const visitors = visitorsOf(parseConfig({ dev: true, storage: 'memory' }));
    const upgrades = new Upgrades({
      ...visitors,
      doors: new Map([['/cluster', this.links.door]]),
      isReady: () => false,
      wallMs: () => Date.now(),
      onRefused: () => undefined,
    });
    http.on('upgrade', (request, stream, head) => upgrades.take(request, stream, head));
    this.links.onChange((node, isUp) => this.changes.push(`${isUp ? '+' : '-'}${node}`));
  }

  static async start(name: string, parts: Partial<LinkedNodeParts> = {}): Promise<LinkedNode> {
    const { certificate } = parts;
    const http = certificate === undefined ? createServer() : createSecureServer(certificate);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const node: LinkedNode = new LinkedNode(name, http, await FaultyWay.to(() => node.port), parts);
    node.links.open();
    return node;
  }

  /** Keeps what comes on a channel. */
  hear(channel: LinkChannel): void {
    this.links.read(channel, (from, message) => this.heard.push([from, channel, message]));
  }

  get port(): number {
    // It listens on TCP.
    return (this.#http.address() as AddressInfo).port;
  }

  /** How others reach it. */
  get way(): FaultyWay {
    return this.#way;
  }

  get info(): NodeInfo {
    const { name } = this;
    const address = `${this.#scheme}://127.0.0.1:${this.#way.port}/cluster`;
    return { name, boot: 'any', slot: 0, address, state: 'ACTIVE', protocol: 1 };
  }

  async stop(): Promise<void> {
    this.links.close();
    await this.#way.end();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}

/** Nodes of one test, that know each other. */
export class LinkedNodes {
  readonly all: LinkedNode[] = [];

  async start(name: string, parts?: Partial<LinkedNodeParts>): Promise<LinkedNode> {
    const node = await LinkedNode.start(name, parts);
    this.all.push(node);
    return node;
  }

  /** All of them learn of each other. */
  introduce(...nodes: LinkedNode[]): void {
    const infos = nodes.map(({ info }) => info);
    for (const { links } of nodes) links.setNodes(infos);
  }

  async stop(): Promise<void> {
    for (const node of this.all.splice(0)) await node.stop();
  }
}
