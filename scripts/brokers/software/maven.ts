/** Distributions from Maven Central: fetched by Maven, checked, unpacked once into the user's cache. */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { find, run } from '../commands.ts'
import { BrokerUnavailable, type Progress } from '../kind.ts'
import { installPackages } from './packages.ts'

const DOWNLOAD_TIMEOUT_MS = 8 * 60_000

export interface Distribution {
  readonly broker: string
  readonly group: string
  readonly artifact: string
  readonly version: string
  readonly sha512: string
}

/** `XDG_CACHE_HOME`, or `~/.cache`. It stays after `down`, so that the next `up` needs no network. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sluice', 'brokers')
}

/** Resolves to the folder in which the distribution lies unpacked. */
export async function unpackDistribution(distribution: Distribution, progress: Progress): Promise<string> {
  const { broker, artifact, version } = distribution
  const folder = join(cacheFolder(), `${artifact}-${version}`)
  if (existsSync(folder)) return folder

  mkdirSync(cacheFolder(), { recursive: true })
  const scratch = mkdtempSync(join(cacheFolder(), '.unpack-'))
  try {
    const archive = await obtainArchive(distribution, scratch, progress)
    const unpacked = join(scratch, 'unpacked')
    mkdirSync(unpacked)
    await run('tar', ['-xzf', archive, '-C', unpacked], { timeoutMs: DOWNLOAD_TIMEOUT_MS })
    // A rename, so that a folder of this name is always whole.
    renameSync(unpacked, folder)
    return folder
  } catch (error) {
    // Another command was faster.
    if (existsSync(folder)) return folder
    if (error instanceof BrokerUnavailable) throw error
    throw new BrokerUnavailable(
      broker,
      `${artifact} ${version} could not be had: ${(error as Error).message}`,
      `mvn dependency:get -Dtransitive=false -Dartifact=${coordinates(distribution)}, give an address by environment, or leave it out: --without ${broker}`,
      { cause: error },
    )
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Java 17 or newer, installed when missing and allowed. */
export async function obtainJava(broker: string, progress: Progress): Promise<string> {
  const found = await findJava()
  if (found !== undefined) return found
  await installPackages(broker, ['openjdk-17-jre-headless'], progress)
  const installed = await findJava()
  if (installed !== undefined) return installed
  throw new BrokerUnavailable(broker, 'Java 17 is installed but not found', 'set JAVA_HOME')
}

async function findJava(): Promise<string | undefined> {
  const { JAVA_HOME } = process.env
  const candidates = [
    JAVA_HOME === undefined ? undefined : join(JAVA_HOME, 'bin', 'java'),
    find('java', '/usr/lib/jvm/java-17-openjdk-amd64/bin', '/usr/lib/jvm/java-17-openjdk-arm64/bin'),
  ]
  for (const java of candidates) {
    if (java === undefined || !existsSync(java)) continue
    // The whole version text; `-version` would write it to stderr.
    const text = await run(java, ['--version'], { timeoutMs: 20_000 }).catch(() => '')
    if (Number(/\b(\d+)[.\s]/.exec(text)?.[1]) >= 17) return java
  }
  return undefined
}

async function obtainArchive(
  distribution: Distribution,
  scratch: string,
  progress: Progress,
): Promise<string> {
  const { broker, group, artifact, version } = distribution
  const file = `${artifact}-${version}-bin.tar.gz`
  const local = join(homedir(), '.m2', 'repository', ...group.split('.'), artifact, version, file)
  if (existsSync(local)) {
    await verify(local, distribution)
    return local
  }
  if (find('mvn') === undefined) await installPackages(broker, ['maven'], progress)
  progress(`fetching ${artifact} ${version} from Maven Central`)
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy'
  const args = ['-q', '-B', copy, `-Dartifact=${coordinates(distribution)}`, `-DoutputDirectory=${scratch}`]
  await run('mvn', [...args, '-Dmdep.useBaseVersion=true'], { cwd: scratch, timeoutMs: DOWNLOAD_TIMEOUT_MS })
  const archive = join(scratch, file)
  await verify(archive, distribution)
  return archive
}

function coordinates({ group, artifact, version }: Distribution): string {
  return `${group}:${artifact}:${version}:tar.gz:bin`
}

async function verify(path: string, { broker, sha512 }: Distribution): Promise<void> {
  const hash = createHash('sha512')
  await pipeline(createReadStream(path), hash)
  const found = hash.digest('hex')
  if (found === sha512) return
  throw new BrokerUnavailable(
    broker,
    `${path} has SHA-512 ${found.slice(0, 16)}…, not ${sha512.slice(0, 16)}…`,
    'delete that file and try again; if it stays so, do not use it',
  )
}
