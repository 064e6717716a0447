/**
 * Another process that runs a piece of TypeScript and is talked to by lines: for tests of second processes,
 * of programs that are killed, and of whether a program ends by itself.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath, pathToFileURL } from 'node:url'

const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

export class Child implements AsyncDisposable {
  /** Settles when the process has ended and its output is read; never rejects. */
  readonly ended: Promise<ChildEnd>
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #folder: string
  readonly #lines: string[] = []
  readonly #waiting: ((line: string | undefined) => void)[] = []
  #closed = false
  #stderr = ''

  /**
   * Runs a module. In it `from 'src/…'` means this checkout. What it prints arrives by `line()`; what is sent by
   * `send()` is on its stdin. `within`: a command that runs it, such as one that makes namespaces.
   */
  static run(
    source: string,
    env: Readonly<Record<string, string>> = {},
    within: readonly string[] = [],
  ): Child {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-child-'))
    const file = join(folder, 'main.mts')
    writeFileSync(file, source.replaceAll(/from 'src\//g, `from '${pathToFileURL(CHECKOUT)}/src/`))
    return new Child(folder, file, env, within)
  }

  private constructor(
    folder: string,
    file: string,
    env: Readonly<Record<string, string>>,
    within: readonly string[],
  ) {
    this.#folder = folder
    const [command, ...args] = [...within, process.execPath, '--import', import.meta.resolve('tsx'), file]
    this.#process = spawn(command!, args, {
      cwd: CHECKOUT,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    // A child that ended does not read any more: that is told by `ended`.
    this.#process.stdin.on('error', () => {})
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    createInterface({ input: this.#process.stdout })
      .on('line', (line) => this.#take(line))
      .on('close', () => this.#finish())
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve({ code: null, signal: null, stderr: error.message }))
      this.#process.once('close', (code, signal) => resolve({ code, signal, stderr: this.#stderr }))
    })
  }

  get pid(): number {
    return this.#process.pid as number
  }

  /** The next line it printed. Rejects, with its errors, when it ends without one. */
  async line(): Promise<string> {
    const line =
      this.#lines.shift() ??
      (this.#closed
        ? undefined
        : await new Promise<string | undefined>((resolve) => this.#waiting.push(resolve)))
    if (line !== undefined) return line
    const { code, signal, stderr } = await this.ended
    throw new Error(`The child ended with ${code ?? signal} instead of printing a line\n${stderr}`)
  }

  send(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  /** Resolves when it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ChildEnd> {
    this.#process.kill(signal)
    return await this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #take(line: string): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#lines.push(line)
    else waiting(line)
  }

  #finish(): void {
    this.#closed = true
    for (const waiting of this.#waiting.splice(0)) waiting(undefined)
  }
}
