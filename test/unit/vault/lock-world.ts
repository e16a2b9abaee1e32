// A small world for the lock's own code: processes that take one step at a time on a file system in memory, in whatever
// order a search wants, and may be killed before each. Not for: the search (lock-search.ts).
import type { LockSystem } from '../../../src/vault/lock.ts';
import { createLock, heldLock } from '../../../src/vault/lock.ts';
import type { HeldLock, Lock } from '../../../src/vault/vault.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createTestLog } from '../../support/test-log.ts';
import type { Fault, Step, Tree } from './lock-tree.ts';
import { always, LOCK, stepsOn } from './lock-tree.ts';

const MACHINE = '0123456789ab';

/** What a process can do. Everything but `mark` and `note` is made of steps. */
export interface Actor {
  readonly pid: number;
  /** @param ttlMs 0: gives up on any holder at the first look */
  lock(ttlMs?: number): Lock;
  held(nonce: string): HeldLock;
  /** Between these two it relies on the lock; where it has been evicted, no longer than until somebody noticed. */
  enter(): void;
  leave(): void;
  /** A step that changes nothing: work under the lock. */
  work(): Promise<void>;
  /** Waits until it is so; a step of its own. */
  until(isSo: () => boolean): Promise<void>;
  /** Said where nothing that was seen so far matters any more: else the same states count as many. */
  forget(): void;
}

/** What one process does from its start to its end; things said among processes go through variables of the scenario. */
export type Script = (actor: Actor, world: World) => Promise<void>;

export interface Scenario {
  /** Process 1, 2, ... */
  readonly scripts: readonly Script[];
  /** The names in the lock's directory of which something is there at the beginning, such as `the.lock`. */
  readonly left?: Readonly<Record<string, readonly string[]>>;
  /** Processes that may be killed in one run. */
  readonly kills: number;
  /** What the processes have said to each other: it belongs to the state. */
  readonly said?: () => unknown;
  /** Checked after every step. @returns what is wrong */
  readonly check?: (world: World) => string | undefined;
  /** To see that the search finds it. */
  readonly fault?: Fault;
}

interface Pending {
  /** Neither others nor the checks see anything of it, so it does not matter what they do before it. */
  readonly isPrivate: boolean;
  readonly isReady: () => boolean;
  readonly run: () => void;
}

interface Being {
  readonly pid: number;
  state: 'running' | 'ended' | 'killed';
  holds: boolean;
  /** Steps that it has asked for and waits for. */
  readonly pending: Pending[];
  /** What it has seen so far: as its code does nothing at random, this is all of its state. */
  readonly history: unknown[];
  onQuiet: () => void;
}

/** A name as the lock's code gives it to its file. */
export function nameFor(pid: number, nonce = nonceFor(pid, 0)): string {
  return `${nonce}-${pid}-1-${MACHINE}`;
}

function nonceFor(pid: number, taking: number): string {
  return `${pid}`.padStart(8, '0') + `${taking}`.padStart(8, '0');
}

export class World {
  readonly tree: Tree;
  readonly beings: Being[];
  readonly failures: string[] = [];
  #kills: number;
  readonly #check: Scenario['check'];
  readonly #said: Scenario['said'];
  readonly #fault: Fault | undefined;

  constructor(scenario: Scenario) {
    const left = Object.entries(scenario.left ?? {});
    this.tree = new Map(left.map(([name, files]) => [name, new Map(files.map((file) => [file, 0]))]));
    this.#kills = scenario.kills;
    this.#check = scenario.check;
    this.#said = scenario.said;
    this.#fault = scenario.fault;
    this.beings = scenario.scripts.map((_, at) => createBeing(at + 1));
  }

  /** Lets every process come to its first step. */
  async begin(scripts: readonly Script[]): Promise<void> {
    for (const [at, script] of scripts.entries()) await this.#start(this.#being(at + 1), script);
  }

  /** What can happen next: a process takes a step, or (as its negative number) is killed. Empty when nothing can. */
  choices(): number[] {
    const running = this.beings.filter(({ state }) => state === 'running');
    const first = running.find(({ pending }) => pending[0]?.isPrivate);
    if (first) return this.#kills > 0 ? [first.pid, -first.pid] : [first.pid];
    const steps = running.filter(({ pending }) => pending.some(({ isReady }) => isReady()));
    const kills = this.#kills > 0 && steps.length > 0 ? running.map(({ pid }) => -pid) : [];
    return [...steps.map(({ pid }) => pid), ...kills];
  }

  async take(choice: number): Promise<void> {
    const being = this.#being(Math.abs(choice));
    if (choice < 0) {
      being.state = 'killed';
      being.holds = false;
      this.#kills -= 1;
    } else {
      const at = being.pending.findIndex(({ isReady }) => isReady());
      const [step] = being.pending.splice(at, 1);
      const quiet = quietOf(being);
      step?.run();
      if (being.pending.length === 0) await quiet;
    }
    this.#judge();
  }

  /** Equal for worlds that cannot be told apart from here on. */
  key(): string {
    const tree = [...this.tree].map(([name, files]) => [name, [...files]]);
    return JSON.stringify([
      tree,
      this.beings.map(({ state, holds, history }) => (state === 'running' ? [holds, history] : state)),
      this.#kills,
      this.#said?.(),
    ]);
  }

  isRunning(pid: number): boolean {
    return this.#being(pid).state === 'running';
  }

  holds(pid: number): boolean {
    return this.#being(pid).holds;
  }

  /** Everybody is gone: one who comes later takes the lock at once, gives it back, and leaves nothing. */
  async end(): Promise<void> {
    for (const being of this.beings)
      if (being.state === 'running') this.failures.push(`${being.pid} is stuck`);
    const late = createBeing(this.beings.length + 1);
    this.beings.push(late);
    let hasTaken = false;
    await this.#start(late, async (actor) => {
      const held = await actor.lock().tryTake();
      hasTaken = held !== undefined;
      await held?.release();
    });
    while (late.state === 'running') await this.take(late.pid);
    if (!hasTaken) this.failures.push('the lock cannot be taken after the end');
    if (this.tree.size > 0) this.failures.push(`left behind: ${[...this.tree.keys()].join(' ')}`);
  }

  async #start(being: Being, script: Script): Promise<void> {
    const quiet = quietOf(being);
    script(this.#actor(being), this)
      .then(
        () => (being.state = being.state === 'running' ? 'ended' : being.state),
        (error: unknown) => this.failures.push(`${being.pid} threw ${String(error)}`),
      )
      .finally(() => being.onQuiet());
    if (being.pending.length === 0) await quiet;
  }

  #judge(): void {
    const holders = this.beings.filter(({ holds }) => holds).map(({ pid }) => pid);
    if (holders.length > 1) this.failures.push(`${holders.join(' and ')} hold it at once`);
    const wrong = this.#check?.(this);
    if (wrong !== undefined) this.failures.push(wrong);
  }

  #being(pid: number): Being {
    const being = this.beings[pid - 1];
    if (!being) throw new Error(`there is no process ${pid}`);
    return being;
  }

  #actor(being: Being): Actor {
    const { pid } = being;
    const step: Step = (run, isReady = always, isPrivate = false) =>
      new Promise((resolve, reject) => {
        const answer = (outcome: unknown, settle: () => void): void => {
          being.history.push(outcome ?? null);
          settle();
        };
        being.pending.push({
          isReady,
          isPrivate,
          run() {
            try {
              const result = run();
              answer(result, () => resolve(result));
            } catch (error) {
              answer(String(error), () => reject(error));
            }
          },
        });
        being.onQuiet();
      });
    let takings = 0;
    const system: LockSystem = {
      files: stepsOn(this.tree, step, this.#fault),
      nonce: () => nonceFor(pid, takings++),
      processes: {
        pid,
        describe: (other) => ({ pid: other, startTime: '1', machine: MACHINE }),
        // Who is not among them has lived before.
        isGone: (holder) => this.beings[holder.pid - 1]?.state !== 'running',
      },
    };
    const options = { clock: createFakeClock(), log: createTestLog(), system };
    return {
      pid,
      lock: (ttlMs = 1000) => createLock(LOCK, { ...options, ttlMs }),
      held: (nonce) => heldLock(LOCK, nonce, options),
      enter: () => void (being.holds = true),
      leave: () => void (being.holds = false),
      work: () => step(() => {}),
      until: (isSo) => step(() => {}, isSo),
      forget: () => void being.history.splice(0, Infinity, `${takings} times`),
    };
  }
}

function createBeing(pid: number): Being {
  return { pid, state: 'running', holds: false, pending: [], history: [], onQuiet: () => {} };
}

/** Resolves when it asks for its next step, or has ended. */
function quietOf(being: Being): Promise<void> {
  return new Promise((resolve) => {
    being.onQuiet = resolve;
  });
}
