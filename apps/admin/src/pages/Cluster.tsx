import { useCallback, useState } from 'react';
import { ApiError } from '../api/Api.js';
import type { ClusterNode, ClusterSight } from '../api/answers.js';
import { usePolled } from '../api/usePolled.js';
import { Figure } from '../components/Figure.js';
import { count, rough } from '../components/formats.js';
import { Notice } from '../components/Notice.js';
import { type Column, Table } from '../components/Table.js';
import { useApi } from '../session/SessionContext.js';
import { Partitions } from './cluster/Partitions.js';
import { Swatch } from './cluster/Swatch.js';

const EVERY_MS = 2_000;

/** The nodes, who owns which partitions, and the two orders that a cluster takes. */
export function Cluster() {
  const api = useApi();
  const ask = useCallback(() => api.get<ClusterSight>('/api/admin/cluster'), [api]);
  const { data, error, again } = usePolled(ask, EVERY_MS);
  const [fault, setFault] = useState<ApiError>();
  const [told, setTold] = useState('');

  const order = async (path: string, body: unknown, say: (answer: { moves?: number }) => string) => {
    setFault(undefined);
    setTold('');
    try {
      setTold(say(await api.post<{ moves?: number }>(`/api/admin/cluster/${path}`, body)));
    } catch (cause) {
      setFault(cause instanceof ApiError ? cause : new ApiError(0, { message: String(cause) }));
    }
    again();
  };
  const drain = (node: string): void => {
    if (window.confirm(`${node} gives its partitions to the others. Start it again to undo it.`))
      void order('drain', { node }, () => `${node} drains.`);
  };
  const rebalance = (): void =>
    void order('rebalance', {}, ({ moves = 0 }) =>
      moves === 0 ? 'Nothing to move.' : `${count(moves)} partitions to move.`,
    );

  if (data === undefined) return <Notice error={error} />;
  const { isCluster, nodes, partitions, coordinator, mapVersion, unowned, moving, degraded } = data;
  const columns: readonly Column<ClusterNode>[] = [
    {
      title: 'Node',
      cell: ({ name }) => (
        <>
          <Swatch at={nodes.findIndex((node) => node.name === name)} /> {name}
          {name === coordinator && <span className="quiet"> coordinator</span>}
        </>
      ),
    },
    { title: 'State', cell: ({ state }) => state },
    { title: 'Owns', cell: ({ owned }) => count(owned), isNumber: true },
    {
      title: 'Lease',
      cell: ({ leaseAgeMs }) => (leaseAgeMs === undefined ? '' : `${rough(leaseAgeMs / 1000)} s ago`),
      isNumber: true,
    },
    { title: 'Link', cell: ({ isLinked }) => (isLinked ? 'up' : <strong className="fault">down</strong>) },
    { title: 'Address', cell: ({ address }) => <code>{address}</code> },
    {
      title: '',
      cell: ({ name, state }) =>
        isCluster &&
        state === 'ACTIVE' && (
          <button type="button" className="link" onClick={() => drain(name)}>
            Drain {name}
          </button>
        ),
    },
  ];
  return (
    <>
      <Notice error={fault ?? error} />
      {!isCluster && (
        <p className="quiet" data-testid="alone">
          This server is alone: it owns everything. <code>docs/guides/cluster.md</code> says how to run
          several.
        </p>
      )}
      <dl className="figures">
        <Figure
          name="Cluster"
          value={degraded.length === 0 ? 'well' : degraded.join(', ')}
          testId="cluster-state"
        />
        <Figure name="Nodes" value={count(nodes.length)} testId="nodes" />
        <Figure name="Unowned" value={count(unowned)} testId="unowned" />
        <Figure name="Moving" value={count(moving)} testId="moving" />
        <Figure name="Map version" value={count(mapVersion)} />
      </dl>
      <Table label="Nodes" columns={columns} rows={nodes} keyOf={({ name }) => name} empty="No node." />
      <section>
        <div className="bar">
          <h2>Partitions</h2>
          {isCluster && (
            <button type="button" className="button" onClick={rebalance}>
              Rebalance
            </button>
          )}
          <output className="quiet" data-testid="told">
            {told}
          </output>
        </div>
        <Partitions names={nodes.map(({ name }) => name)} partitions={partitions} />
      </section>
    </>
  );
}
