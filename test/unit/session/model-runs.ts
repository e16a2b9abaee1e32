// How often a property is tried, and which of its cases: by the environment, so that one command makes a soak of a
// quick test, or a failure happen again. Not for: what is tried.

/** What fast-check takes. */
interface Parameters {
  readonly numRuns: number;
  readonly seed?: number;
  readonly path?: string;
}

/** How often the usual number of cases is tried. */
const TIMES = Number(process.env['MODEL_RUNS'] ?? 1);

/** The options of a test that tries so many cases. In ms. */
export const LONG_RUN = { timeout: 60_000 * Math.max(1, TIMES) };

/**
 * MODEL_RUNS multiplies the number of cases. Without a seed each run has others; MODEL_SEED and MODEL_PATH are what a
 * failure printed as `seed` and `path`, and are used together with `-t` and the name of the test that failed.
 */
export function parameters(usual: number): Parameters {
  const { MODEL_SEED: seed, MODEL_PATH: path } = process.env;
  return {
    numRuns: Math.max(1, Math.round(usual * TIMES)),
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path }),
  };
}

/** How many cases are tried for sure: none where an old failure is looked for, which may be gone. */
export function sureRuns({ numRuns, path }: Parameters): number {
  return path === undefined ? numRuns : 0;
}
