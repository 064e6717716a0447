/** Runs a script of this folder as plain JavaScript: new processes are at work at once, and closures cost what they cost users. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { compile } from './compile.ts'

/** `script`: path of a file in bench/. Resolves to its exit code. */
export async function runCompiled(script: string, args: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  try {
    await compile(resolve(import.meta.dirname, '..', '..'), folder)
    const file = join(folder, 'bench', basename(script).replace(/\.ts$/, '.js'))
    const [code] = await once(fork(file, args, { execArgv: [], stdio: 'inherit' }), 'exit')
    return code ?? 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
