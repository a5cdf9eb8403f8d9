import { LiveTree } from '@topgun/server/internal/engine/LiveTree';
import { Scopes } from '@topgun/server/internal/engine/Scopes';
import { View } from '@topgun/server/internal/security/policy/View';
import { all } from '@topgun/sim/internal/teeth/PlantedBug';
import { replaceMethod } from '@topgun/sim/internal/teeth/replaceMethod';
import type { Planted } from '../runCase.js';

interface Class {
  readonly prototype: object;
}

/** Wraps a method that any class has by this name. */
export function around(
  type: Class,
  name: string,
  wrap: (run: () => unknown, args: readonly unknown[]) => unknown,
): () => void {
  // The class and its method are named together by whoever plants; a name that is none throws.
  const made = (shipped: (...args: unknown[]) => unknown) =>
    function (this: unknown, ...args: unknown[]): unknown {
      return wrap(() => shipped.apply(this, args), args);
    };
  return replaceMethod(
    type as { prototype: Record<string, (...args: unknown[]) => unknown> },
    name,
    made as never,
  );
}

/** Everything is shown as it is stored while a method of the server runs; `isMeant` says for which of its calls. */
export function unmaskedIn(
  type: Class,
  method: string,
  isMeant: (args: readonly unknown[]) => boolean = () => true,
): Planted & (() => () => void) {
  return () => {
    let depth = 0;
    return all(
      replaceMethod(
        View,
        'project',
        (project) =>
          function (this: View, value) {
            return depth > 0 ? value : project.call(this, value);
          },
      ),
      around(type, method, (run, args) => {
        if (!isMeant(args)) return run();
        depth++;
        try {
          return run();
        } finally {
          depth--;
        }
      }),
    );
  };
}

/** The digests of a whole map stand for those of a part of it while a method runs. */
export function wholeTreeIn(type: Class, method: string): Planted {
  return () => {
    const whole = new WeakMap<LiveTree, LiveTree>();
    let depth = 0;
    return all(
      replaceMethod(
        Scopes,
        'join',
        (join) =>
          function (this: Scopes, conn, map) {
            const group = join.call(this, conn, map);
            if (group !== undefined && group.tree !== group.map.tree) whole.set(group.tree, group.map.tree);
            return group;
          },
      ),
      replaceMethod(
        LiveTree,
        'read',
        (read) =>
          function (this: LiveTree) {
            return read.call((depth > 0 && whole.get(this)) || this);
          },
      ),
      around(type, method, (run) => {
        depth++;
        try {
          return run();
        } finally {
          depth--;
        }
      }),
    );
  };
}
