import { errorsOf, passing } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';

/** What asking a cluster about itself can fail with. */
export const clusterErrors = {
  CLUSTER_UNREACHABLE: passing(
    TEXTS && 'Ask again when the client is connected, in the tab that holds the connection.',
  ),
};

export type ClusterErrorCode = keyof typeof clusterErrors;

export const clusterError = /* @__PURE__ */ errorsOf<ClusterErrorCode>(clusterErrors);
