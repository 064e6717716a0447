/** The command line that does what an act does: it names the connections of the configuration, and is quoted for a shell. */
import type { Act, OutgoingView } from '../protocol.ts'

/** Longer content goes into a file. Unit: characters. */
const MAX_CONTENT = 2_000

export function commandLine(act: Act): string {
  return words(act)
    .map((word) => (word === '|' || word === '<' ? word : shellWord(word)))
    .join(' ')
}

function words(act: Act): string[] {
  switch (act.act) {
    case 'send':
      return sendWords(act.broker, act.address, act.messages)
    case 'request': {
      const { broker, address, message, timeoutMs } = act
      const wait = timeoutMs === undefined ? [] : ['-t', String(timeoutMs / 1000)]
      const { subject } = message.fields ?? {}
      const about = typeof subject === 'string' ? ['-S', subject] : []
      return ['sluice', 'request', '-b', broker, ...wait, ...about, ...operands(address, message.body.text)]
    }
    case 'copy':
    case 'move': {
      const { from, to, ids = [], where, limit } = act
      return [
        ...['sluice', 'bridge', '-t', '0', '--on-loop', 'ignore'],
        ...(act.act === 'copy' ? ['--copy'] : []),
        ...ids.flatMap((id) => ['--id', id]),
        ...option('--where', where),
        ...option('-c', limit),
        ...operands(`${from.broker}#${from.address}`, `${to.broker}#${to.address}`),
      ]
    }
    case 'replay': {
      const { broker, address, reason, origin, where, to, dryRun, limit } = act
      return [
        ...['sluice', 'replay', '-b', broker],
        ...option('--reason', reason),
        ...option('--origin', origin),
        ...option('--where', where),
        ...option('--to', to),
        ...option('-c', limit),
        ...(dryRun ? ['--dry-run'] : []),
        ...operands(address),
      ]
    }
    case 'delete-messages': {
      const { broker, address, ids } = act
      return ['sluice', 'purge', '-b', broker, ...ids.flatMap((id) => ['--id', id]), ...operands(address)]
    }
    case 'bind': {
      const { broker, address, to, pattern } = act
      return [
        ...['sluice', 'bind', '-b', broker],
        ...operands(address, to, ...(pattern === undefined ? [] : [pattern])),
      ]
    }
    default:
      return ['sluice', act.act, '-b', act.broker, ...operands(act.address)]
  }
}

/** One plain message as words; others are what `drain --dump` writes. */
function sendWords(broker: string, address: string, messages: readonly OutgoingView[]): string[] {
  const [message, ...more] = messages
  const { subject, contentType, ttlMs, priority, correlationId, durable, ...others } = message?.fields ?? {}
  const isPlain =
    message !== undefined &&
    more.length === 0 &&
    message.body.kind !== 'base64' &&
    message.body.text.length <= MAX_CONTENT &&
    Object.values(others).every((value) => value === undefined)
  if (!isPlain) return ['spout', '-b', broker, '--restore', ...operands(address), '<', 'messages.jsonl']
  return [
    ...['spout', '-b', broker],
    ...(durable === true ? ['-d'] : []),
    ...option('-S', subject),
    ...option(
      '--content-type',
      contentType ?? (message.body.kind === 'json' ? 'application/json' : undefined),
    ),
    ...option('--ttl', ttlMs),
    ...option('--priority', priority),
    ...option('--correlation-id', correlationId),
    ...option('--content', message.body.text),
    ...operands(address),
  ]
}

function option(name: string, value: unknown): string[] {
  return value === undefined ? [] : [name, String(value)]
}

/** What begins with a dash is no option. */
function operands(...texts: readonly string[]): string[] {
  return texts.some((text) => text.startsWith('-')) ? ['--', ...texts] : [...texts]
}

/** One word of a POSIX shell, whatever it holds; what a terminal would obey is written as an escape. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f]|\p{Cf}|\p{Zl}|\p{Zp}/u.test(word)) return `$'${ansiQuoted(word)}'`
  return `'${word.replaceAll("'", "'\\''")}'`
}

function ansiQuoted(word: string): string {
  return word.replace(/[\\']/g, '\\$&').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0)!.toString(16)
    return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`
  })
}
