// What a rotation costs those who call meanwhile. Not for: taking the times (callers.mjs, rotating.mjs).
import { median } from './stats.mjs';

/**
 * A rotation, from the moment at which GitHub is asked for the new token to the one at which every caller has had an
 * answer by the new server. Milliseconds since the epoch.
 * @typedef {{ from: number, to: number }} Rotation
 */

/**
 * @typedef {object} Pauses
 * @property {number} usual median round trip of the calls of which no part lies in a rotation; ms
 * @property {number[]} pauses for each rotation, what the caller felt whom it hit worst: the longest round trip among
 *   the calls of which any part lies in the rotation, less `usual`. So a call that was made before the rotation and
 *   held counts whole, and so does one that came late and was only slowed down by the start of a process nearby
 * @property {number[]} quiet the same, for a stretch as long as each rotation and right before it: what the machine does
 *   to the slowest of so many calls all by itself. Left out where that would reach into the rotation before
 */

/**
 * @param {import('./ledger.mjs').Ledger} ledger
 * @param {readonly Rotation[]} rotations in order, and after one another
 * @returns {Pauses}
 */
export function pausesOf(ledger, rotations) {
  const usual = median(
    ledger.roundTrips((sent, answered) => !rotations.some(({ from, to }) => sent <= to && answered >= from)),
  );
  const pauses = rotations.map(
    ({ from, to }) => longest(ledger.roundTrips((sent, answered) => sent <= to && answered >= from)) - usual,
  );
  const quiet = rotations.flatMap(({ from, to }, index) => {
    const begin = from - (to - from);
    if (begin < (rotations[index - 1]?.to ?? 0)) return [];
    const times = ledger.roundTrips((sent, answered) => sent >= begin && answered < from);
    return times.length === 0 ? [] : [longest(times) - usual];
  });
  return { usual, pauses, quiet };
}

/** @param {readonly number[]} times */
function longest(times) {
  return times.reduce((most, time) => Math.max(most, time), 0);
}
