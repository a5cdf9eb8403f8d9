import { UnsentWrites } from '@topgun/client/internal/backpressure/dropUnsent';
import { OpLog } from '@topgun/client/internal/engine/OpLog';
import { Uploader } from '@topgun/client/internal/engine/Uploader';
import type { OpAckMessage } from '@topgun/protocol';
import type { PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** Has `isFree` pass over what was sent while a method of a class runs. */
function takesSentOpsFor(during: (wrap: <R>(work: () => R) => R) => () => void): () => void {
  let isRunning = false;
  const undo = [
    during((work) => {
      isRunning = true;
      try {
        return work();
      } finally {
        isRunning = false;
      }
    }),
    replaceMethod(
      OpLog,
      'isFree',
      (isFree) =>
        function (this: OpLog, op) {
          return isFree.call(this, isRunning ? { ...op, isSent: false, isIssued: false } : op);
        },
    ),
  ];
  return () => {
    for (const take of undo) take();
  };
}

/** What leaves the log before its time. */
export const opLog: readonly PlantedBug[] = [
  {
    name: 'op removed from the log at APPLIED',
    plant: () =>
      replaceMethod(
        Uploader,
        'answer',
        (answer) =>
          function (this: Uploader, message: OpAckMessage) {
            answer.call(this, message);
            if (message.level === 2) answer.call(this, { ...message, level: 4 });
          },
      ),
  },
  {
    name: 'coalescing across a sent op',
    plant: () =>
      takesSentOpsFor((wrap) =>
        replaceMethod(
          OpLog,
          'write',
          (write) =>
            function (this: OpLog, ...args: Parameters<OpLog['write']>) {
              return wrap(() => write.apply(this, args));
            },
        ),
      ),
  },
  {
    name: 'drop of a sent op',
    plant: () =>
      takesSentOpsFor((wrap) =>
        replaceMethod(
          UnsentWrites,
          'dropOldest',
          (drop) =>
            function (this: UnsentWrites) {
              return wrap(() => drop.call(this));
            },
        ),
      ),
  },
];
