// Numbers about numbers. Not for: where they come from or how they are printed.

/**
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} min
 * @property {number} spread distance between the first and the third quartile
 * @property {number} count
 */

/**
 * @param {ArrayLike<number>} values at least one
 * @param {number} q 0 to 1
 * @returns {number} linear between the two nearest
 */
export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)] ?? NaN;
  const above = sorted[Math.ceil(at)] ?? NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** @param {ArrayLike<number>} values */
export const median = (values) => quantile(values, 0.5);

/**
 * @param {readonly number[]} values at least one
 * @returns {Summary}
 */
export function summarise(values) {
  return {
    median: median(values),
    min: Math.min(...values),
    spread: quantile(values, 0.75) - quantile(values, 0.25),
    count: values.length,
  };
}
