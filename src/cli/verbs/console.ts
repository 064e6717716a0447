/** `sluice console`: one web page over all brokers. */
import { spawn } from 'node:child_process'
import { aborted } from '../../core/time/waiting.ts'
import type { ConnectOptions } from '../../index.ts'
import { brokerUrl } from '../broker/broker-url.ts'
import type { Library } from '../broker/library.ts'
import type { Command, Context } from '../command/command.ts'
import { CommandError, UsageError } from '../command/errors.ts'
import { flag, integer, list, text } from '../command/option.ts'
import { jsonText } from '../print/terminal-text.ts'

export const consoleVerb: Command = {
  usage: '[options] [ CONNECTION ... ]',
  description:
    'Serve a web page over the brokers given: names of sluice.config, URLs, or NAME=URL; without any, all connections of the configuration, else SLUICE_URL. It looks only, unless --write is given. The page can be reached from this machine alone; the link that is printed lets in one browser, once. A line for every act and every refusal goes to stderr. Runs until Ctrl-C.',
  options: [
    integer('-p, --port N', 'port; 0: one that is free', { fallback: 0 }),
    flag('--write', 'let the page send, move, replay, purge, declare and delete'),
    text(
      '--host HOST',
      'listen at this address, which other machines can reach, instead of loopback; needs --password-file',
    ),
    text('--password-file FILE', 'its first line lets people in, instead of a link'),
    flag('--no-bodies', 'show no body of a message'),
    list(
      '--production CONNECTION',
      'every act on it asks for the name of the node; may be repeated, and be said in sluice.config',
    ),
    flag('--open', 'open the page in the browser of this desktop'),
    flag('--json', 'print the link as JSON'),
  ],
  examples: [
    ['sluice console', 'all connections of sluice.config, to look at'],
    [
      'sluice console rabbitmq://localhost redis://localhost --write',
      'two brokers, to move messages between them',
    ],
    [
      'sluice console live=rabbitmq://localhost --production live --write',
      'every act asks for the name of the node',
    ],
    [
      'sluice console --host 10.0.0.5 --port 8080 --password-file ./console-password --no-bodies',
      'for colleagues: by password, without bodies',
    ],
  ],
  async run(context) {
    const { args, out, err, signal } = context
    const library = await import('../../index.ts')
    const { connections, production } = await connectionsOf(context, library)
    const { addresses } = await library.loadConfiguration()
    const host = args.text('host')
    const { createConsole } = await import('../../console/index.ts')
    const running = await createConsole({
      connections,
      addresses,
      production,
      host,
      port: args.number('port'),
      write: args.flag('write'),
      bodies: !args.flag('no-bodies'),
      passwordFile: args.text('password-file'),
      log: (line) => void err.line(line).catch(() => {}),
    })
    try {
      const { url } = running
      await out.line(args.flag('json') ? jsonText({ url }) : `console: ${url}`)
      if (host !== undefined && !/^(?:127\.|localhost$|::1$)/.test(host))
        await err.line('Other machines can reach the page, in clear: put TLS in front of it.')
      if (args.flag('open')) open(url)
      await aborted(signal)
    } finally {
      await running.close()
    }
    return 0
  },
}

interface Chosen {
  readonly connections: Record<string, ConnectOptions>
  readonly production: string[]
}

/** By name; what was given as a URL alone is named after its broker. */
async function connectionsOf({ args }: Context, library: Library): Promise<Chosen> {
  const { connections: configured = {} } = await library.loadConfiguration()
  const names = Object.keys(configured)
  const given = args.positionals.length > 0 ? args.positionals : names.length > 0 ? names : defaultUrls()
  const connections: Record<string, ConnectOptions> = Object.create(null)
  for (const word of given) {
    const [name, place] = named(word, names, Object.keys(connections))
    if (Object.hasOwn(connections, name)) throw new UsageError(`two connections have the name ${name}`)
    connections[name] = await library.resolveConfiguration(brokerUrl(place, names))
  }
  const marked = names.filter((name) => {
    const entry = configured[name]
    return typeof entry === 'object' && entry.production === true
  })
  const production = [
    ...marked.filter((name) => Object.hasOwn(connections, name)),
    ...args.list('production'),
  ]
  return { connections, production }
}

function defaultUrls(): string[] {
  const { SLUICE_URL } = process.env
  if (SLUICE_URL) return [SLUICE_URL]
  throw new CommandError(
    'there are no connections to look at',
    'Name them: sluice console rabbitmq://localhost; or write sluice.config.json.',
  )
}

/** `NAME=URL`, the name of a connection, or a URL. */
function named(
  word: string,
  names: readonly string[],
  taken: readonly string[],
): [name: string, place: string] {
  if (names.includes(word)) return [word, word]
  const pair = /^([\w.-]+)=(.+)$/s.exec(word)
  if (pair) return [pair[1]!, pair[2]!]
  const base = /^([a-z][\w+-]*):/i.exec(word)?.[1]?.toLowerCase() ?? 'broker'
  let name = base
  for (let count = 2; taken.includes(name); count++) name = `${base}-${count}`
  return [name, word]
}

/** By the desktop's own means; where there are none the link is printed all the same. */
function open(url: string): void {
  const [command, ...words] =
    process.platform === 'darwin'
      ? ['open']
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler']
        : ['xdg-open']
  const child = spawn(command!, [...words, url], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
