/**
 * Root folders with later suites of Debian: made once by debootstrap, kept in the cache, entered by chroot. A broker
 * in it sees the machine's loopback and its own folder at the same path; what is mounted for it goes with its process.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { find, run } from '../commands.ts'
import { BrokerUnavailable, type ProcessPlan, type Progress } from '../kind.ts'
import type { Edition } from './editions.ts'
import { cacheFolder } from './maven.ts'
import { installPackages } from './packages.ts'

const MIRROR = 'http://deb.debian.org/debian'
const TIMEOUT_MS = 15 * 60_000

/** The folder with the edition's packages in it, made and filled where it is not there. */
export async function rootFolder(edition: Edition, progress: Progress): Promise<string> {
  const folder = join(cacheFolder(), `debian-${edition.suite}`)
  const mark = installedMark(folder, edition.packaged)
  if (existsSync(mark)) return folder
  if (userInfo().uid !== 0) throw unavailable(edition, 'a root folder can be made and entered by root only')
  if (process.env.SLUICE_BROKERS_INSTALL === '0')
    throw unavailable(edition, 'it is not there, and SLUICE_BROKERS_INSTALL=0 forbids to make it')
  try {
    if (!existsSync(madeMark(folder))) await make(edition, folder, progress)
    progress(`installing ${edition.packaged} of Debian ${edition.suite}`)
    await run(...inRoot(folder, undefined, ['sh', '-c', INSTALL, 'install', edition.packaged]), {
      timeoutMs: TIMEOUT_MS,
    })
    writeFileSync(mark, '')
  } catch (error) {
    throw unavailable(edition, (error as Error).message, error)
  }
  return folder
}

async function make(edition: Edition, folder: string, progress: Progress): Promise<void> {
  if (find('debootstrap') === undefined) await installPackages(edition.name, ['debootstrap'], progress)
  const script = find('debootstrap') as string
  mkdirSync(folder, { recursive: true })
  progress(`making a root folder of Debian ${edition.suite}, which takes minutes, once`)
  // The script of `sid` serves suites that this debootstrap has not heard of.
  await run(script, ['--variant=minbase', edition.suite, folder, MIRROR, 'sid'], { timeoutMs: TIMEOUT_MS })
  writeFileSync(madeMark(folder), '')
}

/** No service starts by its installation. An index that has gone stale still names packages that can be had. */
const INSTALL = `
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
export DEBIAN_FRONTEND=noninteractive
apt-get -o Acquire::Check-Valid-Until=false update && apt-get install -y --no-install-recommends "$@"
`

/** Mounts live in a name space of the command's own. Each step replaces the one before: one process id for all. */
const ENTER = `
set -e
root=$1 shared=$2
shift 2
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for file in /etc/hosts /etc/resolv.conf; do
  # A link leads out of the root. A file stays: without it, what other processes in this root see there would be gone.
  if [ -L "$root$file" ] || [ ! -f "$root$file" ]; then rm -f "$root$file"; : > "$root$file"; fi
  mount --bind "$file" "$root$file"
done
if [ -n "$shared" ]; then mkdir -p "$root$shared"; mount --bind "$shared" "$root$shared"; fi
exec chroot "$root" "$@"
`

function inRoot(root: string, shared: string | undefined, command: readonly string[]): [string, string[]] {
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', ENTER, 'enter', root, shared ?? '']
  return ['unshare', [...args, ...command]]
}

/** The process inside the root folder. `shared`: what it sees of the outside, at the same path. */
export function processInRoot(root: string, shared: string, plan: ProcessPlan): ProcessPlan {
  const [command, args] = inRoot(root, shared, [plan.command, ...plan.args])
  return { ...plan, command, args }
}

const madeMark = (folder: string) => join(folder, '.sluice-made')
const installedMark = (folder: string, name: string) => join(folder, `.sluice-${name}`)

function unavailable(edition: Edition, reason: string, cause?: unknown): BrokerUnavailable {
  const broker = edition.brokers[0] as string
  return new BrokerUnavailable(
    broker,
    `${edition.name} cannot be had: ${reason}`,
    'run as root on Debian, or with Docker; or give a broker by its variable, see docs/brokers.md',
    { cause },
  )
}
