import { readFileSync } from 'node:fs';
import { MetricsService, ServerCoordinator } from '@topgun/server';
import { describe, expect, it } from 'vitest';
import type { MetricRow } from '../packages/server/src/metrics/MetricSet.js';

const GUIDE = 'docs/guides/metrics.md';

const intro = `# Metrics

A server tells what it does as Prometheus text at \`/metrics\`. Nothing is computed for it between scrapes but a few histograms, so
scrape as often as you like; every 15 s is usual.

## Who may read them

They are at the main port, for ADMINs and for whoever sends the \`metricsToken\`. On a port of their own they need no token there, and the main port
has them no more; bind that port to an address that only your scraper reaches.

\`\`\`sh
topgun start --metrics-port 9090                       # 127.0.0.1:9090/metrics, with the probes
topgun start --metrics-port 9090 --metrics-host 10.0.0.5
TOPGUN_METRICS_TOKEN=$(openssl rand -hex 16) topgun start   # at the main port, with this token
\`\`\`

That a request comes from this machine opens nothing: behind a proxy on the same machine all of them do.

\`\`\`yaml
# prometheus.yml
scrape_configs:
  - job_name: topgun
    static_configs: [{ targets: ['127.0.0.1:9090'] }]
rule_files: [alerts.yml]
\`\`\`

[\`docs/deploy/prometheus/alerts.yml\`](../deploy/prometheus/alerts.yml) holds alerts, and
[\`docs/deploy/grafana/topgun.json\`](../deploy/grafana/topgun.json) a dashboard to import into Grafana.

## What they name

Labels are closed sets, with one exception: \`topgun_map_size_items\` names maps by the first part of their names (\`rooms:kitchen\` counts
under \`rooms:*\`), the \`metricsMapsMax\` (20) largest of them, and the rest as \`other\`. No key, no value, no subject and no address is ever a label.

\`topgun_delivery_duration_seconds\` is the time that people feel: from the arrival of a write until its changes stand in the
sockets of all who follow. It is taken once for each commit, for its oldest write, so it is an upper bound for the others.

This page is made from the registry: \`npm run test:unit -- scripts/metricsGuide.test.ts -u\` writes it anew.
`;

function tables(rows: readonly MetricRow[]): string {
  const subjects = [...new Set(rows.map(({ subject }) => subject))];
  return subjects
    .map((subject) => {
      const lines = rows.filter((row) => row.subject === subject).map(lineOf);
      return `## ${subject}\n\n| name | type | labels | unit | meaning |\n|---|---|---|---|---|\n${lines.join('\n')}\n`;
    })
    .join('\n');
}

const lineOf = ({ name, type, labels, unit, help }: MetricRow): string =>
  `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${unit} | ${help.replaceAll('|', '\\|')} |`;

/** The metrics of a registry that reads nothing. */
function allRows(): readonly MetricRow[] {
  const metrics = new MetricsService(() => Promise.reject(new Error('not scraped')));
  const rows = metrics.rows();
  metrics.close();
  return rows;
}

// What the system tells of a process differs from system to system.
describe.runIf(process.platform === 'linux')('docs/guides/metrics.md', () => {
  it('[OBS-2] lists every metric with type, labels, unit and meaning', async () => {
    await expect(`${intro}\n${tables(allRows())}`).toMatchFileSnapshot(`../${GUIDE}`);
  });

  it('[OBS-2] lists what /metrics of a running server shows, and nothing else', async () => {
    const server = new ServerCoordinator({ port: 0, dev: true, storage: 'memory', logLevel: 'silent' });
    const { port } = await server.start();
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    await server.shutdown();
    const shown = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    const guide = readFileSync(GUIDE, 'utf8');
    const listed = [...guide.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(shown.length).toBeGreaterThan(50);
    expect(shown.sort()).toEqual(listed.sort());
  });
});

describe.each([
  ['docs/deploy/grafana/topgun.json', expressionsOfDashboard],
  ['docs/deploy/prometheus/alerts.yml', expressionsOfAlerts],
])('%s', (file, expressionsOf) => {
  it('[OBS-7] asks only for metrics and labels that there are', () => {
    const rows = new Map(allRows().map((row) => [row.name, row]));
    const expressions = expressionsOf(readFileSync(file, 'utf8'));
    expect(expressions.length).toBeGreaterThan(8);
    const faults = expressions.flatMap((expression) => faultsOf(expression, rows));
    expect(faults).toEqual([]);
  });
});

it('[OBS-7] a metric, a suffix or a label that there is not is noticed', () => {
  const rows = new Map(allRows().map((row) => [row.name, row]));
  expect(faultsOf('rate(topgun_ops_totals[5m])', rows)).toEqual(['topgun_ops_totals']);
  expect(faultsOf('topgun_records_bucket', rows)).toEqual(['topgun_records_bucket']);
  expect(faultsOf('sum by (result) (topgun_ops_total{colour="red"})', rows)).toEqual([
    'topgun_ops_total{colour}',
    'topgun_ops_total by (result)',
  ]);
  expect(faultsOf('sum by (le) (topgun_commit_duration_seconds_bucket{instance="a"})', rows)).toEqual([]);
});

function expressionsOfDashboard(text: string): string[] {
  const { panels, templating } = JSON.parse(text) as {
    panels: { targets?: { expr: string }[] }[];
    templating: { list: { query: string | { query: string } }[] };
  };
  const variables = templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]));
  return [...variables, ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))];
}

function expressionsOfAlerts(text: string): string[] {
  return [...text.matchAll(/^ +expr: (.+)$/gm)].map(([, expression]) => expression as string);
}

/** Labels that Prometheus adds, and those of histograms. */
const ADDED = ['instance', 'job', 'le'];

function faultsOf(expression: string, rows: ReadonlyMap<string, MetricRow>): string[] {
  const faults: string[] = [];
  const grouped = [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, labels]) =>
    (labels as string).split(',').map((label) => label.trim()),
  );
  for (const [, name = '', matchers = ''] of expression.matchAll(/\b(topgun_\w+)(?:\{([^}]*)\})?/g)) {
    const base = name.replace(/_(bucket|sum|count)$/, '');
    const row = rows.get(name) ?? (rows.get(base)?.type === 'histogram' ? rows.get(base) : undefined);
    if (row === undefined) {
      faults.push(name);
      continue;
    }
    const known = [...ADDED, ...row.labels];
    for (const [, label = ''] of matchers.matchAll(/(\w+)\s*[=!]/g))
      if (!known.includes(label)) faults.push(`${name}{${label}}`);
    for (const label of grouped) if (!known.includes(label)) faults.push(`${name} by (${label})`);
  }
  return faults;
}
