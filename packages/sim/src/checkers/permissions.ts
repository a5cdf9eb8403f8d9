import type { Principal } from '@topgun/server/engine';
import { FrameJudge } from '../oracle/FrameJudge.js';
import { KnownData, watchCommits } from '../oracle/KnownData.js';
import { Person, Viewer } from '../oracle/Viewer.js';
import type { Checker } from './Checker.js';

/** Takes the watch of the last world out: there is one world at a time, and nobody says when it is over. */
let unwatch = (): void => undefined;

/** PO-10: every frame of every run passes the oracle of permissions, under the rights of its moment. */
export const permissions: Checker = {
  watch(world) {
    const data = new KnownData();
    const judge = new FrameJudge(data);
    const viewers = new Map<number, Viewer>();
    const people = new Map<string, Person>();
    /** Who speaks on a link as soon as its token is accepted. */
    const claims = new Map<number, Principal>();
    unwatch();
    unwatch = watchCommits(data);
    data.onCommit.push((row) => {
      for (const viewer of viewers.values()) if (viewer.reader !== undefined) viewer.notice(row);
    });
    const viewerOf = (link: number): Viewer => {
      const viewer = viewers.get(link) ?? new Viewer(data);
      viewers.set(link, viewer);
      return viewer;
    };
    return {
      starting() {
        data.forget();
        viewers.clear();
      },
      turned: () => data.endTurn(),
      received(message, _, link) {
        if (message.type === 'AUTH') {
          const verified = world.verify(message.token);
          if ('principal' in verified) claims.set(link, verified.principal);
        }
        viewerOf(link).received(message);
      },
      sending(message, _, link, bytes) {
        const viewer = viewerOf(link);
        const principal = message.type === 'AUTH_ACK' ? claims.get(link) : viewer.reader?.principal;
        const policies = world.policiesOfSender();
        if (
          principal !== undefined &&
          (viewer.reader?.policies !== policies || viewer.reader.principal !== principal)
        ) {
          const person = people.get(principal.sub) ?? new Person();
          people.set(principal.sub, person);
          viewer.become({ principal, policies }, person);
        }
        const { leaks } = judge.frame(viewer, message, bytes);
        for (const leak of leaks) world.fail(leak);
      },
    };
  },
};
