import { Scopes } from '@topgun/server/internal/engine/Scopes';
import { View } from '@topgun/server/internal/security/policy/View';
import { all, type PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** What leaves for somebody who may not have it (PO-10). */
export const permissions: readonly PlantedBug[] = [
  {
    name: 'the digests of a whole map told to a view of a part of it',
    plant: () =>
      replaceMethod(
        Scopes,
        'join',
        (join) =>
          function (this: Scopes, conn, map) {
            const group = join.call(this, conn, map);
            if (group !== undefined) Object.assign(group, { tree: group.map.tree });
            return group;
          },
      ),
  },
  {
    name: 'open scopes go on under the policies of before',
    plant: () => replaceMethod(Scopes, 'review', () => () => undefined),
  },
  {
    name: 'deltas bring what their receivers may not see',
    plant: () => {
      let isPublishing = false;
      return all(
        replaceMethod(
          View,
          'project',
          (project) =>
            function (this: View, value) {
              return isPublishing ? value : project.call(this, value);
            },
        ),
        replaceMethod(
          Scopes,
          'publish',
          (publish) =>
            function (this: Scopes, commit, now) {
              isPublishing = true;
              publish.call(this, commit, now);
              isPublishing = false;
            },
        ),
      );
    },
  },
];
