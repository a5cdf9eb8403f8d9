import { useCallback, useEffect, useState } from 'react';
import type { Metric, ServerStatus } from '../api/answers.js';
import { usePolled } from '../api/usePolled.js';
import { Chart } from '../components/Chart.js';
import { Figure } from '../components/Figure.js';
import { bytes, count, duration, rough } from '../components/formats.js';
import { Notice } from '../components/Notice.js';
import { useApi } from '../session/SessionContext.js';
import { addSample, chartOf, NO_SAMPLES, readSample, type Samples } from './samples.js';

const EVERY_MS = 2_000;

const perSecond = (value: number): string => `${rough(value)}/s`;
const ms = (value: number): string => `${rough(value)} ms`;
const bytesPerSecond = (value: number): string => `${bytes(value)}/s`;

const OPS = ['applied', 'superseded', 'duplicate', 'refused'] as const;
const TRAFFIC = ['in', 'out'] as const;
const CONNECTIONS = ['sockets'] as const;
const COMMIT = ['commit'] as const;
const LOOP = ['delay'] as const;

/** How the server does, and how it has done since this page was opened. */
export function Overview() {
  const api = useApi();
  const ask = useCallback(async () => {
    const [status, { metrics }] = await Promise.all([
      api.get<ServerStatus>('/api/status'),
      api.get<{ metrics: readonly Metric[] }>('/api/metrics'),
    ]);
    return { status, sample: readSample(metrics, Date.now()) };
  }, [api]);
  const { data, error } = usePolled(ask, EVERY_MS);
  const [samples, setSamples] = useState<Samples>(NO_SAMPLES);
  useEffect(() => {
    if (data !== undefined) setSamples((before) => addSample(before, data.sample));
  }, [data]);

  if (data === undefined) return <Notice error={error} />;
  const { status, sample } = data;
  const charts = chartOf(samples);
  return (
    <>
      <Notice error={error} />
      <dl className="figures">
        <Figure name="State" value={status.state} testId="state" />
        <Figure name="Up" value={duration(status.uptimeMs)} />
        <Figure name="Clients" value={count(status.authenticated)} testId="clients" />
        <Figure name="Maps" value={count(status.maps?.length ?? 0)} testId="maps" />
        <Figure name="Records" value={count(sample.records)} testId="records" />
        <Figure name="Memory" value={bytes(sample.memoryBytes)} />
        <Figure name="Node" value={status.nodeId} />
        <Figure name="Version" value={status.version} />
      </dl>
      <div className="charts">
        <Chart title="Ops by outcome" names={OPS} data={charts.ops} format={perSecond} />
        <Chart title="Commit, mean" names={COMMIT} data={charts.commit} format={ms} />
        <Chart title="Traffic" names={TRAFFIC} data={charts.traffic} format={bytesPerSecond} />
        <Chart title="Sockets" names={CONNECTIONS} data={charts.connections} format={rough} />
        <Chart title="Delay of the event loop, 99th percentile" names={LOOP} data={charts.loop} format={ms} />
      </div>
    </>
  );
}
