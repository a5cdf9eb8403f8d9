import { AnsweredOps } from './AnsweredOps.js';
import { Conflicts } from './Conflicts.js';
import { OpLog } from './OpLog.js';
import { RealmBase } from './RealmBase.js';
import { Rejections } from './Rejections.js';
import { Replica } from './Replica.js';
import { randomId } from './randomId.js';

/** One realm with its data: what the sides towards app, store and server share. */
export class Realm extends RealmBase {
  readonly replica = new Replica(this);
  readonly log = new OpLog(this, this.replica);
  readonly answered = new AnsweredOps(this, this.log);
  readonly rejections = new Rejections(this);
  readonly conflicts = new Conflicts(this, this.log);

  /** Gives the store a client id of its own. */
  drawClientId(): void {
    const id = randomId(this.options.random, 128);
    this.store.put(['meta', 'client'], id);
    this.log.identify(id);
  }
}
