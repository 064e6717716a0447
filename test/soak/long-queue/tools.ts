/**
 * A long queue by the tools: filled by spout, looked at by `browse | head`, drained to a file and restored from it, on each
 * broker given, with the most memory each process took of its own (the pages of a mapped file belong to the system).
 *
 * By hand, on Linux, after `npm run build`; `hub:` starts a hub of its own, `file:` a store of its own:
 *
 *     npx tsx test/soak/long-queue/tools.ts MESSAGES URL ...
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { uniqueName } from '../../support/names.ts'

const CLI = resolve(import.meta.dirname, '../../../dist/cli')
const BODY_BYTES = 200
const HEAD_LINES = 10

const [messages = '', ...urls] = process.argv.slice(2)
const count = Number(messages)
const scratch = mkdtempSync(join(tmpdir(), 'sluice-long-queue-'))
const queue = uniqueName('long')

interface Seen {
  readonly seconds: number
  readonly ownMegabytes: number
}

/** The most memory a process had of its own. */
class MemoryWatch {
  readonly #child: ChildProcess
  readonly #clock: NodeJS.Timeout
  #most = 0

  constructor(child: ChildProcess) {
    this.#child = child
    this.#clock = setInterval(() => this.#look(), 20)
  }

  /** Unit: MB. */
  end(): number {
    clearInterval(this.#clock)
    return Math.round(this.#most / 1024)
  }

  #look(): void {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
      this.#most = Math.max(this.#most, Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0))
    } catch {
      // It has just ended.
    }
  }
}

try {
  for (const url of urls) await walk(url)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

async function walk(given: string): Promise<void> {
  const hub = given === 'hub:' ? await startHub() : undefined
  const url = hub?.url ?? (given === 'file:' ? `file:${join(scratch, 'store')}` : given)
  const kind = given.slice(0, given.indexOf(':'))
  const say = (step: string, { seconds, ownMegabytes }: Seen, more = ''): void =>
    console.log(
      `${kind.padEnd(9)} ${step.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s  own ${ownMegabytes} MB${more}`,
    )
  const made = `${queue}; {create: always, node: {durable: True}}`
  const saved = join(scratch, 'saved.jsonl')
  try {
    say(
      'fill',
      await run([
        'spout',
        '-b',
        url,
        '-d',
        '-q',
        '-c',
        String(count),
        '--content-size',
        String(BODY_BYTES),
        made,
      ]),
    )
    say('one', await run(['sluice', 'browse', '-b', url, queue, '-c', '1', '-q']))
    await head(url, say)
    say(
      'drain',
      await run(['drain', '-b', url, queue, '--dump'], { out: saved }),
      `, ${statSync(saved).size} bytes`,
    )
    await expectDepth(url, 0)
    say('restore', await run(['spout', '-b', url, queue, '--restore'], { input: saved }))
    await expectDepth(url, count)
    await run(['sluice', 'delete', '-b', url, queue])
  } finally {
    await hub?.stop()
  }
}

/** `sluice browse | head`: the first lines, then nobody reads any more. */
async function head(url: string, say: (step: string, seen: Seen, more: string) => void): Promise<void> {
  const begun = performance.now()
  const child = start(['sluice', 'browse', '-b', url, queue], 'pipe')
  const watch = new MemoryWatch(child)
  const exited = once(child, 'exit')
  let lines = 0
  for await (const _ of createInterface({ input: child.stdout! })) if (++lines === HEAD_LINES) break
  const shown = (performance.now() - begun) / 1000
  child.stdout!.destroy()
  const [code] = await exited
  const seconds = (performance.now() - begun) / 1000
  const more = `, ${lines} lines after ${shown.toFixed(2)} s, exit code ${code}`
  say('head', { seconds, ownMegabytes: watch.end() }, more)
}

async function expectDepth(url: string, depth: number): Promise<void> {
  const child = start(['sluice', 'inspect', '-b', url, queue, '--json'], 'pipe')
  let text = ''
  for await (const chunk of child.stdout!) text += chunk
  const found = JSON.parse(text).depth
  if (found !== depth) throw new Error(`${url}: depth ${found}, expected ${depth}`)
}

async function run(
  words: readonly string[],
  files: { readonly input?: string; readonly out?: string } = {},
): Promise<Seen> {
  const begun = performance.now()
  const out = files.out === undefined ? 'ignore' : openSync(files.out, 'w')
  const child = start(words, out, files.input === undefined ? 'ignore' : openSync(files.input, 'r'))
  const watch = new MemoryWatch(child)
  const [code] = await once(child, 'exit')
  const ownMegabytes = watch.end()
  if (code !== 0) throw new Error(`${words.slice(0, 2).join(' ')} ended with ${code}`)
  return { seconds: (performance.now() - begun) / 1000, ownMegabytes }
}

function start(
  [program, ...args]: readonly string[],
  out: 'pipe' | 'ignore' | number,
  input: 'ignore' | number = 'ignore',
): ChildProcess {
  return spawn(process.execPath, [join(CLI, `${program}.cjs`), ...args], { stdio: [input, out, 'inherit'] })
}

async function startHub(): Promise<{ url: string; stop(): Promise<void> }> {
  const child = start(['sluice', 'hub', '--json', '--listen', `ipc://${join(scratch, 'hub')}`], 'pipe')
  const [chunk] = await once(child.stdout!, 'data')
  return {
    url: JSON.parse(String(chunk)).url,
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
