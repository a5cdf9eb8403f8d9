/** A node as the others know it. */
export interface NodeInfo {
  readonly name: string;
  /** of this start of it */
  readonly boot: string;
  /** stable small number, for placement */
  readonly slot: number;
  /** where its links end: `ws://host:port/cluster` or `wss:` */
  readonly address: string;
  /** where clients reach it, if it was said: `ws(s)://host:port` */
  readonly publicUrl?: string;
  readonly state: 'JOINING' | 'ACTIVE' | 'DRAINING';
  /** newest protocol version it speaks */
  readonly protocol: number;
}

/** Who owns a partition. */
export interface OwnerRow {
  readonly pid: number;
  /** only rises; offsets given under it carry it */
  readonly epoch: number;
  /** undefined: nobody */
  readonly node: string | undefined;
  readonly boot: string | undefined;
  /** who is to get it next, while it is handed over */
  readonly target: string | undefined;
}

/** All of it at one version. */
export interface ClusterMap {
  readonly version: number;
  readonly nodes: readonly NodeInfo[];
  /** 271, by pid */
  readonly owners: readonly OwnerRow[];
}

/** What the engine of a node does about its partitions; implemented around `ServerEngine` by *follow*. */
export interface OwnerEngine {
  /** These are this node's from now on, at these epochs; resolves when it has caught up with the database and takes ops in (CLU-14). */
  own(grants: readonly { readonly pid: number; readonly epoch: number }[]): Promise<void>;
  /** Holds new ops of these back, and resolves when nothing of theirs is staged or being flushed (CLU-13). */
  release(pids: readonly number[]): Promise<void>;
  /** The release is off: they go on at the epoch they had. */
  resume(pids: readonly number[]): void;
  /** They are somebody else's: held ops go to the new owner. */
  lost(pids: readonly number[]): void;
  /** The node fences itself (CLU-2): it owns nothing, what is staged is discarded. */
  fenced(): void;
  /** A newer map, for routing. */
  mapChanged(map: ClusterMap): void;
}

/** What sorts of frames travel on links. Each has one reader. */
export type LinkChannel = 'feed' | 'ops' | 'answers' | 'barrier' | 'topics';

/** The links of a node to all others; made by *links*. */
export interface NodeLinks {
  /** names of the nodes that are linked now */
  readonly up: ReadonlySet<string>;
  /** Sends in order; false when there is no link. `message` is plain data that msgpack carries (Uint8Array, undefined and int64-safe numbers included). */
  send(node: string, channel: LinkChannel, message: unknown): boolean;
  /** To all that are linked: encoded once. */
  broadcast(channel: LinkChannel, message: unknown): void;
  /** One reader per channel; called in the order of sending. */
  read(channel: LinkChannel, reader: (from: string, message: unknown) => void): void;
  /** A link is up (frames of before are lost) or down. */
  onChange(listener: (node: string, isUp: boolean) => void): void;
}
