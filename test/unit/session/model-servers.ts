// What the servers of a world do. Not for: the rules that are kept towards them (world-servers.ts).
import { answer, answerAgain, answerAll, deliver, endStream, say, shake } from './model-answers.ts';
import type { ServerCommand } from './model-commands.ts';
import { die, end, exit, readLastWord } from './model-deaths.ts';
import { pick } from './model-pick.ts';
import type { World } from './world.ts';
import type { Server } from './world-servers.ts';

const QUESTIONS = ['roots/list', 'sampling/createMessage', 'elicitation/create'];

export function serve(world: World, command: ServerCommand): void {
  const { servers } = world;
  const all = servers.all();
  if (command.do === 'answer-all') {
    for (const server of all) if (server.answered) answerAll(world, server);
    return;
  }
  if (command.do === 'reap') {
    const done = all.find(({ stopped, exited }) => stopped || exited);
    if (done) end(world, done, 0, false);
    return;
  }
  if (command.do === 'cannot-start') {
    const [first] = all;
    if (first && !first.answered) end(world, first, 0, true);
    return;
  }
  // The newest first: 0 is what a short sequence is most likely to be about.
  const server = pick(all.toReversed(), command.server);
  if (!server) return;
  switch (command.do) {
    case 'answer':
      if (!server.alive) readLastWord(world, server);
      else answer(world, server, pick([...server.inbox.keys()], command.request), command.how);
      return;
    case 'shake':
      shake(
        world,
        pick(all.filter((one) => one.inbox.size > 0 && !one.answered).toReversed(), command.server),
        command.how,
      );
      return;
    case 'answer-again':
      answerAgain(world, server, command.of);
      return;
    case 'end-stream':
      endStream(world, server);
      return;
    case 'ask':
      askClient(world, server, command.what, command.token);
      return;
    case 'withdraw':
      withdraw(world, server, command.of);
      return;
    case 'say':
      say(world, server, notification(server, command.what));
      return;
    case 'progress':
      progress(world, server, command.of, command.dead);
      return;
    case 'die':
      die(world, server, command.fate);
      return;
    case 'exit':
      exit(world, server, command.fate);
      return;
    case 'end':
      end(world, server, command.fate, false);
      return;
    case 'mute':
      if (!server.answered) server.mute = true;
  }
}

/** A server wants something of the client; its ids begin anew with each. */
function askClient(world: World, server: Server, what: number, asking: number): void {
  const n = server.nextQuestion;
  server.nextQuestion += 1;
  const id = pick([String(n), `"${n}"`, `9007199254740993${n}`, `"a \\"b\\"${n}"`], what) ?? String(n);
  const token = pick([undefined, undefined, String(n), `"t${n}"`], asking);
  if (!server.alive) return;
  endStream(world, server);
  server.asked.set(id, token);
  const meta = token === undefined ? '' : `"_meta":{"progressToken":${token}}`;
  const method = pick(QUESTIONS, what);
  deliver(world, server, `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":{${meta}}}\n`);
}

function withdraw(world: World, server: Server, of: number): void {
  const id = pick([...server.asked.keys()], of);
  if (id === undefined || !server.alive) return;
  server.asked.delete(id);
  say(
    world,
    server,
    `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"generation":${server.generation},"requestId":${id}}}\n`,
  );
}

function notification({ generation }: Server, what: number): string {
  const method = pick(['message', 'tools/list_changed', 'resources/updated', 'elicitation/complete'], what);
  return `{"jsonrpc":"2.0","method":"notifications/${method}","params":{"generation":${generation}}}\n`;
}

/** Progress of a request that it has; or of one that it has not, or has answered. */
function progress(world: World, server: Server, of: number, dead: boolean): void {
  const { client } = world;
  const its = [...server.inbox.values()].map(({ request }) => request).filter((one) => one !== undefined);
  const request = pick(
    (dead ? client.requests : its).filter(({ token }) => token !== undefined),
    of,
  );
  if (!request || !server.alive) return;
  const { generation } = server;
  endStream(world, server);
  if (!server.alive) return;
  const live = request.state === 'open' && request.sentTo.at(-1) === generation && !server.stopped;
  const before = world.log.length;
  const params = `{"generation":${generation},"progressToken":${JSON.stringify(JSON.parse(request.token ?? '0'))},"progress":1}`;
  deliver(world, server, `{"jsonrpc":"2.0","method":"notifications/progress","params":${params}}\n`);
  const heard = world.log
    .slice(before)
    .some((line) => line.startsWith('  to-client') && line.includes('"progressToken"'));
  if (live && !heard && !world.closed && server.inbox.has(request.id))
    throw new Error(`live progress of ${request.id} was not passed on`);
}
