// The account of every call that was answered: by whom it was made, when, and who answered. Not for: judging it.

/** Milliseconds since the epoch, far finer than `Date.now`: the one clock of calls, emulator and rotations. */
export const now = () => performance.timeOrigin + performance.now();

const FIRST_CAPACITY = 2 ** 16;

/**
 * Columns of numbers instead of an object a call: the collector of the benchmark's own process would have to copy those,
 * and its pauses would be taken for the proxy's.
 */
export class Ledger {
  #sent = new Float64Array(FIRST_CAPACITY);
  #answered = new Float64Array(FIRST_CAPACITY);
  #length = 0;

  /** Calls that were answered, whatever the answer was. */
  get length() {
    return this.#length;
  }

  /**
   * To be called in order of `answered`.
   * @param {number} sent by {@link now}
   * @param {number} answered the same
   */
  add(sent, answered) {
    if (this.#length === this.#sent.length) {
      this.#sent = doubled(this.#sent);
      this.#answered = doubled(this.#answered);
    }
    this.#sent[this.#length] = sent;
    this.#answered[this.#length] = answered;
    this.#length += 1;
  }

  /**
   * Round trips in ms of the calls that `wanted` accepts.
   * @param {(sent: number, answered: number) => boolean} wanted
   */
  roundTrips(wanted) {
    /** @type {number[]} */
    const found = [];
    for (let call = 0; call < this.#length; call++) {
      const sent = this.#sent[call] ?? NaN;
      const answered = this.#answered[call] ?? NaN;
      if (wanted(sent, answered)) found.push(answered - sent);
    }
    return found;
  }
}

/** @param {Float64Array} column */
function doubled(column) {
  const larger = new Float64Array(column.length * 2);
  larger.set(column);
  return larger;
}
