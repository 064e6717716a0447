#!/usr/bin/env node
/** The command `sluice VERB`. */
import manifest from '../../package.json' with { type: 'json' }
import { nearest } from '../core/options/nearest.ts'
import { runProgram } from './command/program.ts'
import { visible } from './print/terminal-text.ts'
import { VERBS } from './verbs.ts'

void main(process.argv.slice(2))

async function main([word, ...rest]: string[]): Promise<void> {
  if (word === '--version' || word === '-V') return say(process.stdout, `sluice ${manifest.version}\n`, 0)
  if (word === undefined) return say(process.stderr, overview(), 2)
  if (word === '--help' || word === '-h' || (word === 'help' && rest.length === 0)) {
    return say(process.stdout, overview(), 0)
  }
  const [name, argv] = word === 'help' ? [rest[0]!, ['--help']] : [word, rest]
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
  if (!verb) {
    const near = nearest(name, Object.keys(VERBS))
    const text = `sluice: error: no such command: ${visible(name)}${near === undefined ? '' : ` (did you mean ${near}?)`}\n`
    return say(process.stderr, text, 2)
  }
  await runProgram(`sluice ${name}`, await verb.load(), argv)
}

function say(stream: NodeJS.WriteStream, text: string, code: number): void {
  stream.on('error', () => {})
  stream.write(text)
  process.exitCode = code
}

function overview(): string {
  const width = Math.max(...Object.keys(VERBS).map((name) => name.length))
  const lines = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return [
    'Usage: sluice COMMAND [options] ...',
    '',
    'One messaging API over RabbitMQ, Apache Qpid, ZeroMQ, Redis and an embedded broker, on the command line.',
    '',
    'Commands:',
    ...lines,
    '',
    'sluice COMMAND --help shows options and examples. -b URL, SLUICE_URL or sluice.config.json name the broker:',
    '  rabbitmq://host  qpid://host  redis://host  zmq://host  file:./dir  memory:',
    '',
  ].join('\n')
}
