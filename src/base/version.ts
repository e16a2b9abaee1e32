// The version of this program. Not for: protocol versions.

/** Put in by the build, and by the configuration of the tests. */
declare const __VERSION__: string;

/** As in package.json. */
export const VERSION = __VERSION__;
