// The token source of a world (world.ts), and what the service behind it accepts: it has its own clock, and keeps dead
// tokens dead. Not for: choosing what it answers next (model-source.ts).
import { PLACEHOLDER } from '../../../src/session/state.ts';
import type { TokenView } from '../../../src/session/state.ts';

/** What the tokens of one world are like. */
export interface Kind {
  readonly rotation: TokenView['rotation'];
  /** Says `--rotation`; what it says is so. */
  readonly configured: TokenView['rotation'] | undefined;
  readonly renewable: boolean;
  /** None is accepted, until everything calms down. */
  readonly hopeless: boolean;
  /** In ms; undefined where it lasts for ever. */
  readonly lifetime: number | undefined;
}

/** So many refusals a minute lead to a renewal each (rotation.ts). */
const MOST_REFUSED = 3;
/** Renewals that reach nobody, a minute: one a second where calls keep coming, and one more for a token that expires. */
const MOST_FAILED = 61;
const MINUTE = 60_000;
/** Between two tries where no person can log in, in ms. */
const LEAST_PAUSE = 1000;

export class Tokens {
  readonly kind: Kind;
  newest = PLACEHOLDER;
  /** What the vault holds, and what the session was told of last; 0 for none. */
  stored = 0;
  told = 0;
  /** The token whose renewal is being made ready. */
  preparing: number | undefined;
  /** The token instead of which a newer one is looked for in the vault. */
  looking: number | undefined;
  loggingOut = false;
  /** The refresh that was asked for, and whether the service has done it already. */
  refreshing: { readonly serial: number; spent: boolean } | undefined;
  login: 'none' | 'asked' | 'shown' = 'none';
  /** How often a person has logged in. */
  logins = 0;
  /** The refresh token was spent, and the answer with the new one got lost. */
  lost = false;
  /** The service accepts no token at all: the server talks to another host. */
  hopeless: boolean;
  /** Those that the session was given, and those of them that it has let go of. */
  readonly given = new Set<number>();
  readonly released = new Set<number>();
  /** No person can do anything: when the last try came to nothing, and whether it may go well by itself. */
  failedTry: { readonly at: number; readonly unreachable: boolean } | undefined;
  /** How often a renewal has given a token more time: one that was refused because it had ended may serve again. */
  readonly extensions = new Map<number, number>();
  /** A renewal brought this very token once more, when it was refused. */
  #again: { readonly serial: number; readonly at: number } | undefined;
  readonly #views = new Map<number, TokenView>();
  /** When each ends by the service's own clock; -Infinity for those that were killed or revoked. */
  readonly #ends = new Map<number, number>([[PLACEHOLDER, -Infinity]]);
  readonly #refused = new Map<number, number>();
  #failures: number[] = [];

  constructor(kind: Kind) {
    this.kind = kind;
    this.hopeless = kind.hopeless;
  }

  /** @param wall the proxy's time of day, by which it reckons; `truth` is the service's */
  issue(wall: number, truth: number): TokenView {
    const view = this.#issue(wall, truth);
    this.told = view.serial;
    return view;
  }

  /** For another process that shares the vault. @param login a person has logged in, and the token before is revoked */
  issueElsewhere(wall: number, truth: number, login: boolean): void {
    if (login || this.#isExclusive) this.revoke(this.stored);
    this.#issue(wall, truth);
  }

  /** The session hears of what is stored. */
  tell(): TokenView {
    const view = this.#views.get(this.stored);
    if (!view) throw new Error('nothing is stored');
    this.told = view.serial;
    return view;
  }

  /** A renewal brings the very token that there is. @param longer its time is extended */
  again(wall: number, truth: number, longer: boolean, now: number): TokenView {
    const view = this.#views.get(this.told);
    if (!view || !this.refreshing) throw new Error('nothing is renewed');
    this.refreshing = undefined;
    const { lifetime } = this.kind;
    const lasts = (longer && lifetime !== undefined) || !this.isExpired(view.serial, wall);
    if (lasts && this.#refused.has(view.serial)) this.#again = { serial: view.serial, at: now };
    if (!longer || lifetime === undefined) {
      this.fail(now);
      return view;
    }
    const extended = { ...view, expiresAt: wall + lifetime };
    this.#views.set(view.serial, extended);
    this.extensions.set(view.serial, (this.extensions.get(view.serial) ?? 0) + 1);
    if ((this.#ends.get(view.serial) ?? -Infinity) > -Infinity) this.#ends.set(view.serial, truth + lifetime);
    return extended;
  }

  /** @throws {Error} it was not given, or is released for the second time */
  release(serial: number): void {
    if (!this.given.has(serial)) throw new Error(`token ${serial} is let go of, and was never there`);
    if (this.released.has(serial)) throw new Error(`token ${serial} is let go of twice`);
    this.released.add(serial);
  }

  /** One more try where no person can log in. @throws {Error} it must not be made now */
  tryAgain(now: number, called: boolean): void {
    const { at, unreachable } = this.failedTry ?? { at: -Infinity, unreachable: false };
    if (now - at < LEAST_PAUSE) throw new Error('a token is tried for again at once');
    if (!called && !unreachable) throw new Error('a token is tried for that nobody called for');
  }

  /** Somebody has logged out. */
  forget(): void {
    this.revoke(this.stored);
    this.stored = 0;
  }

  #issue(wall: number, truth: number): TokenView {
    const { rotation, renewable, lifetime } = this.kind;
    this.newest += 1;
    this.stored = this.newest;
    this.lost = false;
    const expiresAt = lifetime === undefined ? undefined : wall + lifetime;
    const view: TokenView = {
      serial: this.newest,
      login: 'octocat',
      issuedAt: wall,
      expiresAt,
      renewable,
      rotation,
      scopes: [],
    };
    this.#views.set(view.serial, view);
    this.#ends.set(view.serial, truth + (lifetime ?? Infinity));
    return view;
  }

  /** A renewal kills the token before. */
  get #isExclusive(): boolean {
    return (this.kind.configured ?? this.kind.rotation) === 'exclusive';
  }

  accepts(serial: number, truth: number): boolean {
    return !this.hopeless && truth < (this.#ends.get(serial) ?? -Infinity);
  }

  /** Whether the proxy can know by its own clock that this token is of the past. */
  isExpired(serial: number, wall: number): boolean {
    return wall >= (this.#views.get(serial)?.expiresAt ?? Infinity);
  }

  revoke(serial: number): void {
    this.#ends.set(serial, -Infinity);
  }

  /** The service has refused a call: where no person can log in, that is reason to ask once more. */
  hearRefusal(unattended: boolean): void {
    if (unattended) this.#again = undefined;
  }

  /** @throws {Error} it must not be asked for now, or not this one */
  refresh(serial: number, whyRefused: boolean, now: number): void {
    if (this.refreshing) throw new Error('two refreshes at once');
    if (serial !== this.told || this.released.has(serial)) throw new Error('an old token is refreshed');
    if (this.loggingOut) throw new Error('a token is refreshed that a logout ends');
    this.preparing = undefined;
    // One that was refused is: another process may have stored a newer one.
    if (!this.kind.renewable && !whyRefused) throw new Error('a token is refreshed that cannot be');
    if (whyRefused && this.#again?.serial === serial && now - this.#again.at < MINUTE)
      throw new Error('a loop: what brings the same token is asked all the time');
    if (whyRefused && !this.#refused.has(serial)) this.#refused.set(serial, now);
    const recent = [...this.#refused.values()].filter((at) => now - at < MINUTE);
    if (recent.length > MOST_REFUSED) throw new Error('a loop: refused tokens are renewed all the time');
    this.refreshing = { serial, spent: false };
  }

  /** The refresh that was asked for is not needed, and its refusal was not one of those that lead to a renewal here. */
  foundElsewhere(): void {
    if (this.refreshing) this.#refused.delete(this.refreshing.serial);
    this.refreshing = undefined;
  }

  /** @throws {Error} there is nothing to prepare */
  prepare(serial: number): void {
    if (this.preparing !== undefined || this.refreshing) throw new Error('two renewals at once');
    if (serial !== this.told || this.loggingOut)
      throw new Error('a renewal is prepared that will not be made');
    if (!this.#isExclusive || !this.kind.renewable) throw new Error('what is prepared has no need of it');
    this.preparing = serial;
  }

  /** @throws {Error} there is no reason to look */
  look(serial: number): void {
    if (serial !== this.told || this.released.has(serial)) throw new Error('a look for an old token');
    if (this.refreshing || this.loggingOut)
      throw new Error('a token is looked for beside what brings or ends it');
    this.preparing = undefined;
    this.looking = serial;
  }

  /** @throws {Error} it must not be asked for now */
  logOut(): void {
    if (this.loggingOut) throw new Error('two logouts at once');
    this.loggingOut = true;
    this.preparing = undefined;
    this.login = 'none';
  }

  /** The request has reached the service: an exclusive one has killed the token by now. */
  spend(): void {
    if (!this.refreshing || this.refreshing.spent) return;
    this.refreshing.spent = true;
    if (this.#isExclusive) this.revoke(this.refreshing.serial);
  }

  /** Nobody could be reached, or the answer got lost. @throws {Error} that is tried all the time */
  fail(now: number): void {
    if (this.refreshing?.spent && this.#isExclusive) this.lost = true;
    this.refreshing = undefined;
    this.#failures = [...this.#failures.filter((at) => now - at < MINUTE), now];
    if (this.#failures.length > MOST_FAILED) throw new Error('a loop: renewals are begun all the time');
  }
}
