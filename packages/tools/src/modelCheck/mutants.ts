import { Ownership } from '@topgun/server/internal/engine/ownership/Ownership';
import { replaceMethod } from '@topgun/sim/internal/teeth/replaceMethod';
import type { Scenario } from './explore.js';
import type { DatabaseFaults } from './ModelDatabase.js';
import { alone, growing, idle, pair } from './scenarios.js';
import { BOUNDS } from './World.js';

/** A mistake one could make in the shipped machine, or in what the database does, and where it must be found. */
export interface Mutant {
  readonly name: string;
  readonly scenario: Scenario;
  readonly database?: DatabaseFaults;
  /** it shows once faults have stopped: things do not come right, or what was delayed arrives */
  readonly isAboutTheEnd?: boolean;
  /** it takes more states than a unit test has time for */
  readonly isSlow?: boolean;
  /** Puts it into the shipped machine; returns how to take it out again. */
  readonly plant?: () => () => void;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'believes itself alive from the answer on, not from the question',
    scenario: idle(pair(1, 2)),
    isSlow: true,
    plant: () =>
      replaceMethod(
        Ownership,
        'answered',
        (shipped) =>
          function (call, answer, now) {
            const isPulse = this.state.pulse?.call === call;
            shipped.call(this, call, answer, now);
            if (isPulse && answer?.type === 'renew' && this.isMember)
              this.state.aliveUntilAt = now + BOUNDS.fenceMs;
          },
      ),
  },
  {
    name: 'takes it that its timer fires in time',
    scenario: pair(1, 1),
    plant: () =>
      replaceMethod(
        Ownership,
        'owns',
        (shipped) =>
          function (pid) {
            return shipped.call(this, pid, Number.NEGATIVE_INFINITY);
          },
      ),
  },
  {
    name: 'acts as the owner while the database decides over a hand-over',
    scenario: idle(growing(2, 1)),
    plant: () =>
      replaceMethod(
        Ownership,
        'owns',
        () =>
          function (pid, now) {
            const { holds, aliveUntilAt } = this.state;
            return this.isMember && now < aliveUntilAt && holds.get(pid)?.isTaken === true;
          },
      ),
  },
  {
    name: 'goes on after a hand-over of which it heard nothing',
    scenario: idle(growing(2, 1)),
    plant: () =>
      replaceMethod(
        Ownership,
        'answered',
        (shipped) =>
          function (call, answer, now) {
            const isLost = this.state.work?.call === call && answer === undefined;
            shipped.call(this, call, answer, now);
            if (isLost) this.state.giving = undefined;
          },
      ),
  },
  {
    name: 'gives away what is still being written',
    scenario: growing(2, 1),
    isSlow: true,
    plant: () =>
      replaceMethod(
        Ownership,
        'tick',
        (shipped) =>
          function (now) {
            const { giving } = this.state;
            if (giving?.stage === 'RELEASING') this.state.giving = { ...giving, stage: 'READY' };
            shipped.call(this, now);
          },
      ),
  },
  {
    name: 'believes a map of before it gave something away',
    scenario: idle(growing(4, 1)),
    plant: () =>
      replaceMethod(
        Ownership,
        'answered',
        (shipped) =>
          function (call, answer, now) {
            this.state.sinceVersion = 0;
            shipped.call(this, call, answer, now);
          },
      ),
  },
  {
    name: 'never takes anybody for dead',
    scenario: pair(1, 1),
    isAboutTheEnd: true,
    plant: () =>
      replaceMethod(
        Ownership,
        'answered',
        (shipped) =>
          function (call, answer, now) {
            this.state.graceUntilAt = Number.POSITIVE_INFINITY;
            shipped.call(this, call, answer, now);
          },
      ),
  },
  {
    name: 'does not ask again when its joining was not answered',
    scenario: idle(alone(2)),
    isAboutTheEnd: true,
    plant: () =>
      replaceMethod(
        Ownership,
        'answered',
        (shipped) =>
          function (call, answer, now) {
            const isJoining =
              this.state.pulse?.call === call && answer === undefined && this.state.phase === 'OUT';
            shipped.call(this, call, answer, now);
            if (isJoining) this.state.pulseAt = Number.POSITIVE_INFINITY;
          },
      ),
  },
  {
    name: 'the database: a take-over does not raise the fence of the dead',
    scenario: pair(1, 1),
    database: { leavesFence: true },
  },
  {
    name: 'the database: a take-over does not look whether the lease lives',
    scenario: idle(pair(1, 2)),
    isSlow: true,
    database: { takesLiving: true },
  },
  {
    name: 'the database: a hand-over does not look at the epoch',
    scenario: idle(growing(2, 1)),
    isSlow: true,
    database: { trustsLateWord: true },
  },
  {
    name: 'the database: a join counts that comes after a later one',
    scenario: idle(growing(2, 1)),
    isAboutTheEnd: true,
    database: { takesLateJoins: true },
  },
];
