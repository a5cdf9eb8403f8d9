import type { Principal } from '@topgun/server/engine';
import { readPolicies, topicMap } from '@topgun/sim/internal/oracle/rights';
import type { Viewer } from '@topgun/sim/internal/oracle/Viewer';
import { Somebody } from '../process/Somebody.js';
import type { Around } from './Around.js';
import { EventHearer } from './clients/EventHearer.js';
import { JsonHearer } from './clients/JsonHearer.js';

/** Somebody at all doors at once, under the same token: a binary socket, `/ws`, an event stream, HTTP. */
export class DoorPerson {
  readonly binary: Somebody;
  readonly json: JsonHearer;
  readonly events: EventHearer;
  principal: Principal;
  token: string;
  /** of the event stream, asked for last */
  followed: readonly string[] = [];

  constructor(around: Around, principal: Principal, token: string, session: string) {
    this.principal = principal;
    this.token = token;
    this.binary = new Somebody(around, principal, token, session);
    this.json = new JsonHearer(around, this.binary.viewer);
    this.events = new EventHearer(around, this.binary.viewer);
  }

  get viewer(): Viewer {
    return this.binary.viewer;
  }

  async connect(topics: readonly string[]): Promise<void> {
    await this.binary.connect();
    for (const topic of topics) this.binary.send({ type: 'TOPIC_SUB', topic });
    await this.json.connect(this.token);
    for (const topic of topics) await this.json.ask({ type: 'subscribe', topic });
    await this.follow(this.open(topics));
  }

  /** Those of the topics that it may hear something of. */
  open(topics: readonly string[]): string[] {
    const { reader } = this.viewer;
    return topics.filter((topic) => reader !== undefined && readPolicies(reader, topicMap(topic)).length > 0);
  }

  /** Follows the topics, if it may hear all of them. */
  follow(topics: readonly string[], lastId = ''): Promise<void> {
    this.followed = topics;
    return this.events.connect(this.token, topics, lastId);
  }

  /** Another token, with other roles and claims, at every door. */
  async renew(principal: Principal, token: string): Promise<void> {
    this.principal = principal;
    this.token = token;
    await this.binary.renew(principal, token);
    await this.json.ask({ type: 'auth', payload: { token } });
    await this.follow(this.followed, this.events.lastId);
  }

  async reached(mark: number): Promise<void> {
    await Promise.all([this.binary.settle(), this.json.reached(mark), this.events.reached(mark)]);
  }

  end(): void {
    this.binary.end();
    this.json.end();
    this.events.end();
  }
}
