import type { ClusterLaw } from './ClusterLaw.js';

/** At a cluster at rest an answer takes less. A client comes again when it has waited for ten seconds, which would hide that its op was forgotten. */
const PROMPT_MS = 3_000;

/** CLU-33: what was lost on its way to an owner its gateway sends again by itself: at a cluster that is at rest no connected client waits. */
export const promptAnswers: ClusterLaw = {
  watch(world) {
    let restSince: number | undefined;
    return {
      look() {
        const { nowMs } = world.scheduler;
        const isAtRest = world.isHealed && world.network.isClear && world.troubles().length === 0;
        restSince = isAtRest ? (restSince ?? nowMs) : undefined;
        if (restSince === undefined) return;
        for (const { engine, device, isFrozen } of world.realms()) {
          // biome-ignore lint/complexity/useLiteralKeys: a protected part, which only this spelling reaches
          const sentMs = engine['uplink'].uploader.waitingSinceMs;
          if (isFrozen || engine.state() !== 'CONNECTED' || sentMs === undefined) continue;
          if (nowMs - Math.max(restSince, sentMs) > PROMPT_MS)
            world.fail(
              `CLU-33: ${device.name} waits for an answer since ${sentMs} ms, at a cluster that is at rest since ${restSince} ms`,
            );
        }
      },
    };
  },
};
