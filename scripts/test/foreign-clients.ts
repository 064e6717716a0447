/** The clients in Python that tests talk to, see test/support/python.ts. Without them their tests are skipped, and say so. */
import { run } from '../brokers/commands.ts'
import type { Progress } from '../brokers/kind.ts'
import { installPackages } from '../brokers/software/packages.ts'

const PACKAGES: Readonly<Record<string, string>> = {
  pika: 'python3-pika',
  proton: 'python3-qpid-proton',
  zmq: 'python3-zmq',
}

/** Debian's, for which its packages are. */
const PYTHON = '/usr/bin/python3'

export async function installForeignClients(progress: Progress): Promise<void> {
  const modules = Object.keys(PACKAGES)
  const there = await Promise.all(modules.map(canImport))
  const missing = modules.filter((_, at) => !there[at]).map((module) => PACKAGES[module] as string)
  if (missing.length === 0) return
  try {
    await installPackages('foreign clients', missing, progress)
  } catch (error) {
    progress(`${(error as Error).message}: the tests with these clients are skipped`)
  }
}

function canImport(module: string): Promise<boolean> {
  return run(PYTHON, ['-c', `import ${module}`]).then(
    () => true,
    () => false,
  )
}
