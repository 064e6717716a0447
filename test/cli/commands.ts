/**
 * The commands: run inside this process where nothing but their words and streams matter, and as processes of their own where
 * signals, pipes, exit codes, the environment or a crash do.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Readable, Writable } from 'node:stream'
import ts from 'typescript'
import { bundleCommands } from '../../scripts/commands/bundle.ts'
import { bundleConsole } from '../../scripts/console/bundle.ts'
import type { Command } from '../../src/cli/command/command.ts'
import { execute } from '../../src/cli/command/program.ts'
import { VERBS } from '../../src/cli/verbs.ts'

const CHECKOUT = resolve(import.meta.dirname, '../..')

/** The sources as JavaScript, kept between runs; a file is written again when its source is newer. */
const BUILT = join(CHECKOUT, 'node_modules', '.cache', 'sluice-commands')

await build()

type Program = 'spout' | 'drain' | 'sluice'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: Buffer
  /** stdout as text. */
  readonly text: string
  readonly err: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Its output goes to a terminal. In this process only. */
  readonly terminal?: boolean
}

/** One for each test file. */
export class Commands implements Disposable {
  /** A folder for the test's own files, gone when this is disposed of. */
  readonly scratch = mkdtempSync(join(tmpdir(), 'sluice-cli-'))

  /** `sluice list …` as `run('sluice', 'list', …)`, in this process. */
  run(program: Program, ...args: string[]): Promise<Ended> {
    return this.runWith({}, program, ...args)
  }

  /** In this process, except with an environment or a folder of its own. */
  async runWith(options: RunOptions, program: Program, ...args: string[]): Promise<Ended> {
    if (options.env !== undefined || options.cwd !== undefined) return this.spawn(options, program, ...args)
    const err = new Collector(options.terminal ?? false)
    return this.#execute(program, args, options.input ?? '', err, new AbortController())
  }

  /** In this process, until it has printed what fits; then it is stopped as by Ctrl-C. */
  runUntil(printed: RegExp, program: Program, ...args: string[]): Promise<Ended> {
    const stop = new AbortController()
    const err = new Collector(false, (text) => {
      if (printed.test(text)) stop.abort()
    })
    return this.#execute(program, args, '', err, stop)
  }

  async #execute(
    program: Program,
    args: readonly string[],
    text: string | Uint8Array,
    err: Collector,
    stop: AbortController,
  ): Promise<Ended> {
    const [name, argv] = program === 'sluice' ? [args[0]!, args.slice(1)] : [program, args]
    const command: Command = await VERBS[name]!.load()
    const out = new Collector(err.isTTY, err.watch)
    const input = Readable.from([Buffer.from(text)])
    const title = program === 'sluice' ? `sluice ${name}` : program
    const code = await execute(title, command, argv, { input, out, err }, stop.signal)
    const bytes = out.bytes()
    return { code, signal: null, out: bytes, text: bytes.toString(), err: err.bytes().toString() }
  }

  /** As a process, with all of its standard input given. */
  spawn(options: RunOptions, program: Program, ...args: string[]): Promise<Ended> {
    const running = this.start(options, program, ...args)
    running.process.stdin!.end(options.input ?? '')
    return running.ended
  }

  /** As a process; its standard input stays open. */
  start(options: RunOptions, program: Program, ...args: string[]): Running {
    return this.#start(join('src', 'cli', `${program}.cjs`), options, args)
  }

  /** One of `examples/`, as a process. */
  example(name: string, ...args: string[]): Promise<Ended> {
    const running = this.#start(join('examples', `${name}.js`), {}, args)
    running.process.stdin!.end()
    return running.ended
  }

  #start(script: string, options: RunOptions, args: readonly string[]): Running {
    const env: Record<string, string | undefined> = {
      ...process.env,
      SLUICE_URL: undefined,
      SLUICE_CONFIG: undefined,
      NO_COLOR: undefined,
    }
    return new Running(
      spawn(process.execPath, [join(BUILT, script), ...args], {
        cwd: options.cwd ?? this.scratch,
        env: { ...env, ...options.env },
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    )
  }

  [Symbol.dispose](): void {
    rmSync(this.scratch, { recursive: true, force: true })
  }
}

/** What a command wrote. */
class Collector extends Writable {
  readonly #chunks: Buffer[] = []
  readonly watch: ((text: string) => void) | undefined

  readonly isTTY: boolean

  constructor(isTTY: boolean, watch?: (text: string) => void) {
    super()
    this.isTTY = isTTY
    this.watch = watch
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk)
    this.watch?.(this.bytes().toString())
    done()
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}

export class Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  #out = ''
  #err = ''
  readonly #watchers = new Set<() => void>()

  constructor(process: ChildProcess) {
    this.process = process
    process.stdin!.on('error', () => {})
    const chunks: Buffer[] = []
    process.stdout!.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      this.#out += chunk.toString()
      for (const watcher of this.#watchers) watcher()
    })
    process.stderr!.on('data', (chunk: Buffer) => {
      this.#err += chunk.toString()
      for (const watcher of this.#watchers) watcher()
    })
    this.ended = new Promise((done) => {
      process.once('close', (code, signal) => {
        const out = Buffer.concat(chunks)
        done({ code, signal, out, text: out.toString(), err: this.#err })
        for (const watcher of this.#watchers) watcher()
      })
    })
  }

  /** What it wrote to stdout so far. */
  get text(): string {
    return this.#out
  }

  /** Resolves once what it printed on either stream fits. */
  async printed(pattern: RegExp): Promise<void> {
    let ended = false
    void this.ended.then(() => {
      ended = true
    })
    while (!pattern.test(this.#out) && !pattern.test(this.#err)) {
      if (ended) throw new Error(`It ended without printing ${pattern}:\n${this.#out}${this.#err}`)
      await new Promise<void>((changed) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher)
          // After the handler that notes the end.
          setImmediate(changed)
        }
        this.#watchers.add(watcher)
      })
    }
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.process.kill(signal)
    return this.ended
  }
}

/** Types are checked elsewhere; here a file is only rewritten. Several test files may do so at once. */
async function build(): Promise<void> {
  for (const folder of ['src', 'examples']) transpile(join(CHECKOUT, folder), join(BUILT, folder))
  const request = { root: CHECKOUT, library: join(BUILT, 'src') }
  const bundled = [...(await bundleCommands(request)), ...(await bundleConsole(request))]
  for (const { path, contents } of bundled) {
    mkdirSync(dirname(path), { recursive: true })
    replaceFile(path, contents)
  }
  replaceFile(join(BUILT, 'package.json'), readFileSync(join(CHECKOUT, 'package.json')))
}

function transpile(from: string, to: string): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const source = join(entry.parentPath, entry.name)
    const target = join(to, source.slice(from.length)).replace(/\.ts$/, '.js')
    const made = statSync(target, { throwIfNoEntry: false })
    if (made && made.mtimeMs > statSync(source).mtimeMs) continue
    mkdirSync(dirname(target), { recursive: true })
    const text = readFileSync(source)
    replaceFile(target, entry.name.endsWith('.ts') ? javaScript(text.toString()) : text)
  }
}

function javaScript(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  }).outputText
}

/** Never seen half written. */
function replaceFile(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, content)
  renameSync(draft, path)
}
