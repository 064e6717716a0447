/** Where and with what a measurement was made. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os'

export interface Environment {
  readonly node: string
  readonly platform: string
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly sluice: string
  /** Versions of the client libraries that are installed. */
  readonly libraries: Readonly<Record<string, string>>
}

const LIBRARIES = [
  'amqplib',
  'rhea',
  'ioredis',
  'zeromq',
  'lmdb',
  'rascal',
  'amqp-connection-manager',
  'rabbitmq-client',
  'rhea-promise',
  'bullmq',
]

export function environment(): Environment {
  const libraries: Record<string, string> = {}
  for (const name of LIBRARIES) {
    const version = versionOf(name)
    if (version) libraries[name] = version
  }
  return {
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    sluice: readVersion(new URL('../../package.json', import.meta.url)) ?? 'unknown',
    libraries,
  }
}

function versionOf(name: string): string | undefined {
  const require = createRequire(import.meta.url)
  for (const folder of require.resolve.paths(name) ?? []) {
    const version = readVersion(`${folder}/${name}/package.json`)
    if (version) return version
  }
  return undefined
}

function readVersion(path: string | URL): string | undefined {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { version?: string }).version
  } catch {
    return undefined
  }
}
