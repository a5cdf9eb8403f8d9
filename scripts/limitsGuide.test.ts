import { readdirSync, readFileSync } from 'node:fs';
import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { envOf, type SettingName, settings } from '../packages/server/src/config/schema.js';
import { type LimitEntry, limitTable } from '../packages/server/src/limits/table.js';

type Name = keyof typeof LIMITS;

const intro = `# Limits

What can grow has a limit. The first table holds those that a client can meet: when one of them refuses, cuts or ends something,
\`topgun_limits_hit_total{limit="<name>"}\` grows by one under its name on \`/metrics\`. Where a setting is named it takes the place
of the default, in the config file, as a flag or in the environment (\`topgun start --help\`). The others are part of the protocol,
or were measured: they are the same on every server.

*Principal* and *user* mean one subject (\`sub\`) of tokens, over all of its connections. Rates may save up what was not used for ten
seconds, so a device that was offline brings its backlog at once. Answers \`RATE\`, and \`UNAVAILABLE\` where it is about time, carry
\`retryAfterMs\`; clients wait so long by themselves. HTTP answers carry \`Retry-After\` and \`{ "code", "retryAfterMs" }\`. What each code and
close code means stands in [errors.md](errors.md), the rules in [the specification](../specs/limits.md).

This page is made from the code: \`npm run test:unit -- scripts/limitsGuide.test.ts -u\` writes it anew.
`;

describe('docs/guides/limits.md', () => {
  it('[LMT-1] lists every limit with its number, unit, reason, setting and answer', async () => {
    const documented = docs();
    expect([...documented.keys()].sort()).toEqual(Object.keys(LIMITS).sort());
    const met = Object.entries<LimitEntry>(limitTable).map(([name, { setting, answer }]) => {
      const { unit, reason } = documented.get(name as Name) ?? { unit: '', reason: '' };
      const override = setting === undefined ? '' : `\`${setting}\`, \`${envOf(setting)}\``;
      return `| \`${name}\` | ${LIMITS[name as Name]} | ${unit} | ${reason} | ${override} | ${answer} |`;
    });
    const others = [...documented].flatMap(([name, { unit, reason }]) =>
      Object.hasOwn(limitTable, name) ? [] : [`| \`${name}\` | ${LIMITS[name]} | ${unit} | ${reason} |`],
    );
    await expect(
      [
        intro,
        '## Limits that clients meet\n',
        '| limit | default | unit | reason | setting | answer |\n|---|---|---|---|---|---|',
        `${met.join('\n')}\n`,
        '## All others\n',
        '| limit | number | unit | reason |\n|---|---|---|---|',
        `${others.join('\n')}\n`,
      ].join('\n'),
    ).toMatchFileSnapshot('../docs/guides/limits.md');
  });

  it('[LMT-1] the number of a limit is the default of its setting', () => {
    for (const [name, { setting }] of Object.entries<LimitEntry>(limitTable)) {
      if (setting === undefined) continue;
      const { schema } = settings[setting as SettingName];
      expect([name, schema.parse(undefined)]).toEqual([name, LIMITS[name as Name]]);
    }
  });
});

/** Unit and reason of every limit, from the comment that stands before it. */
function docs(): Map<Name, { readonly unit: string; readonly reason: string }> {
  const folder = new URL('../packages/protocol/src/', import.meta.url);
  const files = readdirSync(folder).filter((file) => /imits\.ts$/.test(file));
  const source = files.map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n');
  const found = source.matchAll(/^\/\*\* (\w+): (?:default: )?(.+) \*\/\nexport const (\w+) = /gm);
  return new Map(
    [...found].map(([, unit = '', reason = '', name = '']) => [
      name as Name,
      { unit, reason: reason.replaceAll('|', '\\|') },
    ]),
  );
}
