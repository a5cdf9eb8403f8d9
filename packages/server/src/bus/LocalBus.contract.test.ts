import { LocalBus } from '../topics/LocalBus.js';
import { MemoryLog } from '../topics/log/MemoryLog.js';
import { Offsets } from '../topics/log/Offsets.js';
import { describeBus } from './testing/describeBus.js';

describeBus('LocalBus', async () => {
  const wallMs = (): number => Date.now();
  const log = new MemoryLog({ epoch: 'life', offsets: new Offsets(wallMs), wallMs, bytesMax: 1e8 });
  return { bus: () => new LocalBus(log), dispose: () => log.close() };
});
