import { Predicates as P } from '@topgun/core';
import { linearRegex } from '@topgun/search/regex';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import { ask, WRITE } from './testing/queryTests.js';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode } from './testing/TestNode.js';

const queryPorts = { regex: linearRegex };

const keysIn = (device: TestDevice): unknown[] =>
  device.all('QUERY_RESP').flatMap(({ rows }) => rows.map(([, , row]) => row[1]));

describe('regular expressions on the server', () => {
  it('[OP-REGEX] find rows, and [OP-MATCH] so do words', () => {
    const node = new TestNode({ queryPorts });
    const ann = node.device();
    for (const name of ['San Marino', 'Oslo', 'São Paulo']) ann.put('m', name, { name });
    node.settle();
    ask(ann, 'q', { where: P.regex('name', '^s', 'i') });
    expect(keysIn(ann)).toEqual(['San Marino', 'São Paulo']);
    ask(ann, 'w', { where: P.match('name', 'sao pau', true) });
    expect(keysIn(ann).slice(2)).toEqual(['São Paulo']);
    ann.put('m', 'Oslo', { name: 'Split' });
    node.settle();
    expect(ann.all('QUERY_UPDATE').map(({ query }) => query)).toEqual(['q']);
  });

  it('[ERR-7] what does not compile is refused with its place', () => {
    const ann = new TestNode({ queryPorts }).device();
    ask(ann, 'q', { where: P.or(P.exists('a'), P.not(P.regex('name', '(a+'))) });
    expect(ann.last('ERROR')).toMatchObject({
      code: 'PREDICATE_INVALID',
      ref: 'q',
      path: 'where.children[1].child.pattern',
    });
    ask(ann, 'large', { where: P.regex('name', 'a{501}') });
    expect(ann.last('ERROR')).toMatchObject({ ref: 'large', path: 'where.pattern' });
    expect(ann.all('QUERY_RESP')).toEqual([]);
  });

  it('[ERR-7] and so is every expression where there is no engine', () => {
    const ann = new TestNode().device();
    ask(ann, 'q', { where: P.regex('name', '^s') });
    expect(ann.last('ERROR')).toMatchObject({ code: 'PREDICATE_INVALID', path: 'where.pattern' });
  });

  it('[ERR-7] row policies may use them, and do not start where they cannot', () => {
    const open = (pattern: string): Policy => ({
      role: 'user',
      map: 'm',
      actions: ['READ'],
      where: P.regex('name', pattern),
    });
    const node = new TestNode({ queryPorts, policies: [open('^S'), WRITE] });
    const ann = node.device();
    for (const name of ['Split', 'Oslo']) ann.put('m', name, { name });
    node.settle();
    ask(ann, 'q');
    expect(keysIn(ann)).toEqual(['Split']);
    expect(() => new TestNode({ queryPorts, policies: [open('(')] })).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID' }),
    );
    expect(() => new TestNode({ policies: [open('^S')] })).toThrow(
      expect.objectContaining({ code: 'REGEX_ENGINE_MISSING' }),
    );
  });
});
