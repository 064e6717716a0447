/** Runs a script of bench/ as plain JavaScript: new processes are at work at once, and closures cost what they cost users. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { compile } from './compile.ts'

/** Where the checkout is, for a script that runs elsewhere. */
export const CHECKOUT_VARIABLE = 'SLUICE_BENCH_CHECKOUT'

/** `script`: path of a file in bench/. Resolves to its exit code. */
export async function runCompiled(script: string, args: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'))
  try {
    const checkout = resolve(import.meta.dirname, '..', '..')
    await compile(checkout, folder)
    const file = join(folder, relative(checkout, script).replace(/\.ts$/, '.js'))
    const env = { ...process.env, [CHECKOUT_VARIABLE]: checkout }
    const [code] = await once(fork(file, args, { execArgv: [], stdio: 'inherit', env }), 'exit')
    return code ?? 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
