// The version of this program. Not for: protocol versions.

declare const __VERSION__: string;

/** As in package.json; the build puts it in. */
export const VERSION = __VERSION__;
