/** The commands as their users run them: built to JavaScript, each in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import ts from 'typescript'

const CHECKOUT = resolve(import.meta.dirname, '../..')

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
}

/** The commands, built once; one for each test file. Its folder is gone when it is disposed of. */
export class Commands implements Disposable {
  readonly #folder: string
  /** A folder for the test's own files. */
  readonly scratch: string

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'))
    this.scratch = join(this.#folder, 'scratch')
    mkdirSync(this.scratch)
    transpile(join(CHECKOUT, 'src'), join(this.#folder, 'src'))
    transpile(join(CHECKOUT, 'examples'), join(this.#folder, 'examples'))
    writeFileSync(join(this.#folder, 'package.json'), readFileSync(join(CHECKOUT, 'package.json')))
    symlinkSync(join(CHECKOUT, 'node_modules'), join(this.#folder, 'node_modules'))
  }

  /** `sluice list …` as `run('sluice', 'list', …)`. */
  run(command: 'spout' | 'drain' | 'sluice', ...args: string[]): Promise<Ended> {
    return this.runWith({}, command, ...args)
  }

  runWith(options: RunOptions, command: 'spout' | 'drain' | 'sluice', ...args: string[]): Promise<Ended> {
    const running = this.start(options, command, ...args)
    running.process.stdin!.end(options.input ?? '')
    return running.ended
  }

  /** Starts it and leaves its standard input open. */
  start(options: RunOptions, command: 'spout' | 'drain' | 'sluice', ...args: string[]): Running {
    return this.#start(join(this.#folder, 'src', 'cli', `${command}.js`), options, args)
  }

  /** One of `examples/`. */
  async example(name: string, ...args: string[]): Promise<Ended> {
    const running = this.#start(join(this.#folder, 'examples', `${name}.js`), {}, args)
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
      spawn(process.execPath, [script, ...args], {
        cwd: options.cwd ?? this.scratch,
        env: { ...env, ...options.env },
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    )
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true })
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

/** Types are checked elsewhere; here a file is only rewritten. */
function transpile(from: string, to: string): void {
  for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const source = join(entry.parentPath, entry.name)
    const target = join(to, source.slice(from.length))
    mkdirSync(dirname(target), { recursive: true })
    if (!entry.name.endsWith('.ts')) {
      writeFileSync(target, readFileSync(source))
      continue
    }
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    })
    writeFileSync(target.replace(/\.ts$/, '.js'), outputText)
  }
}
