// One call of an AWS service by its SDK: where it goes, with whose credentials, for how long, and what is told of a failure.
// Not for: what is asked (aws-kms.ts, aws-secret.ts), or AWS's own errors in words (aws-errors.ts).
import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../../base/clock.ts';
import { UnreachableError } from '../../base/errors.ts';
import { VERSION } from '../../base/version.ts';
import { explainAws } from './aws-errors.ts';
import type { AwsQuestion } from './aws-errors.ts';
import { parseArn } from './key-source.ts';

export interface AwsCall extends Omit<AwsQuestion, 'region'> {
  readonly clock: Clock;
  /** For all of it: credentials, retries and the answer. In ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What both of the SDK's clients are made from; what is left out they find in the standard ways of AWS. */
export interface AwsConfig {
  readonly region?: string;
  readonly customUserAgent: [string, string][];
  readonly requestHandler: { readonly httpAgent: http.Agent; readonly httpsAgent: https.Agent };
  /** Shared configuration files are read anew: `aws sso login` and those that rotate keys write there. */
  readonly ignoreCache: true;
}

/** As much of a client as is used here. */
interface AwsClient {
  readonly config: { region(): Promise<string> };
}

/**
 * Makes a client and calls `ask` with it. A new client each time, for one keeps credentials that have no end of their
 * own until it ends itself. The SDK goes by the environment and the shared files of this process, as `aws` does.
 * @throws {RefusedError | UnreachableError} made from what AWS or the SDK said, and nothing that was sent
 * @throws the signal's reason as soon as it aborts
 */
export async function callAws<Client extends AwsClient, Answer>(
  { clock, timeoutMs, signal, ...question }: AwsCall,
  make: (config: AwsConfig) => Client,
  ask: (client: Client, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  signal.throwIfAborted();
  const limit = new AbortController();
  const timer = clock.after(timeoutMs, () => limit.abort());
  const either = AbortSignal.any([signal, limit.signal]);
  let region: string | undefined;
  const all = async (): Promise<Answer> => {
    const client = withoutAdvice(() => make(configFor(question.resource)));
    region = await client.config.region();
    return ask(client, either);
  };
  try {
    // The signal alone ends a request, and not the search for credentials before it.
    return await Promise.race([all(), aborted(either)]);
  } catch (error) {
    signal.throwIfAborted();
    if (limit.signal.aborted)
      throw new UnreachableError(`${question.service} of AWS did not answer within ${timeoutMs / 1000} s`, {
        next: "Check the network connection and how AWS credentials are found here ('aws sts get-caller-identity' shows both); --command-timeout gives it more seconds.",
      });
    throw explainAws(error, { ...question, region });
  } finally {
    timer.cancel();
    // Nothing listens to the session's signal any more.
    limit.abort();
  }
}

/** An ARN says where its resource is. The SDK knows AWS_REGION and the shared files, but not what `aws` reads besides. */
function configFor(resource: string): AwsConfig {
  const region =
    parseArn(resource)?.region || process.env['AWS_REGION'] || process.env['AWS_DEFAULT_REGION'] || undefined;
  return {
    ...(region !== undefined && { region }),
    customUserAgent: [['gh-mcp-proxy', VERSION]],
    // Node's own, which go by HTTPS_PROXY where told to (NODE_USE_ENV_PROXY), and are not left behind with a client.
    requestHandler: { httpAgent: http.globalAgent, httpsAgent: https.globalAgent },
    ignoreCache: true,
  };
}

const ADVICE = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

/**
 * Under Node 20 the SDK's first client warns on stderr that later versions of the SDK want a newer Node. The one in here
 * never changes, and who reads the log cannot do anything about it.
 */
function withoutAdvice<Made>(make: () => Made): Made {
  const before = process.env[ADVICE];
  process.env[ADVICE] = 'true';
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[ADVICE];
    else process.env[ADVICE] = before;
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
