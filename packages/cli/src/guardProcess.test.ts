import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { guardProcess } from './guardProcess.js';

it('[OBS-36] a fault that nobody caught ends the process with code 70', () => {
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    const process = new EventEmitter();
    const exits: number[] = [];
    guardProcess(process, (code) => exits.push(code));
    process.emit(event, new Error('canary'));
    process.emit(event, 'no error at all');
    expect(exits).toEqual([70, 70]);
  }
});
