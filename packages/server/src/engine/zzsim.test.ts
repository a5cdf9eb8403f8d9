import { it } from 'vitest';
import { simulate } from '/work/main/packages/sim/src/simulate.ts';
it('sim', () => {
  let bad = 0; const t = performance.now(); let n = 0;
  for (let seed = 1; seed <= 250 && performance.now() - t < 100000; seed++) { n++;
    const r = simulate(seed);
    if (r.failures.length) { bad++; if (bad < 8) console.log(seed, r.failures.slice(0, 4)); }
  }
  console.log('seeds', n, 'failed', bad, performance.now() - t);
}, 200_000);
