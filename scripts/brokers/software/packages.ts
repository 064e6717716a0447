/** Installs system packages where that is possible and allowed, without starting their services. */
import { userInfo } from 'node:os'
import { find, run } from '../commands.ts'
import { BrokerUnavailable, type Progress } from '../kind.ts'

const POLICY = '/usr/sbin/policy-rc.d'
const INSTALL_TIMEOUT_MS = 8 * 60_000

let updated = false
let queue: Promise<unknown> = Promise.resolve()

/** One installation at a time: apt-get holds a lock of its own. */
export function installPackages(
  broker: string,
  packages: readonly string[],
  progress: Progress,
): Promise<void> {
  const turn = queue.then(() => install(broker, packages, progress))
  queue = turn.catch(() => {})
  return turn
}

async function install(broker: string, packages: readonly string[], progress: Progress): Promise<void> {
  const list = packages.join(' ')
  const cure = `install it by hand (apt-get install ${list}), give an address by environment, or leave it out: --without ${broker}`
  if (process.env.SLUICE_BROKERS_INSTALL === '0') {
    throw new BrokerUnavailable(
      broker,
      `${list} not installed, and SLUICE_BROKERS_INSTALL=0 forbids it`,
      cure,
    )
  }
  const apt = find('apt-get')
  if (apt === undefined)
    throw new BrokerUnavailable(broker, `${list} not installed, and there is no apt-get`, cure)
  const prefix = await rootPrefix()
  if (prefix === undefined) {
    throw new BrokerUnavailable(
      broker,
      `${list} not installed, and neither root nor password-less sudo is at hand`,
      cure,
    )
  }
  try {
    if (!updated) {
      progress('apt-get update')
      await asRoot(prefix, [apt, 'update'])
      updated = true
    }
    progress(`apt-get install ${list}`)
    await asRoot(prefix, ['sh', '-c', INSTALL_SCRIPT, 'install', ...packages])
  } catch (error) {
    throw new BrokerUnavailable(broker, `${list} could not be installed: ${(error as Error).message}`, cure, {
      cause: error,
    })
  }
}

/**
 * A machine's own ban on service starts is left as it is; ours lasts for the installation only. It is the
 * shell that takes it away again, so that it goes even if this process is ended meanwhile.
 */
const INSTALL_SCRIPT = `
if [ ! -e ${POLICY} ]; then
  trap 'rm -f ${POLICY}' EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' > ${POLICY}
  chmod 755 ${POLICY}
fi
apt-get install -y --no-install-recommends "$@"
`

/** What to put before a command so that it runs as root; `undefined`: no way. */
async function rootPrefix(): Promise<readonly string[] | undefined> {
  if (userInfo().uid === 0) return []
  const sudo = find('sudo')
  if (sudo === undefined) return undefined
  return run(sudo, ['-n', 'true'], { timeoutMs: 5000 }).then(
    () => [sudo, '-n'],
    () => undefined,
  )
}

function asRoot(prefix: readonly string[], command: readonly string[]): Promise<string> {
  // `env` because sudo drops the caller's environment.
  const [program = '', ...args] = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...command]
  return run(program, args, { timeoutMs: INSTALL_TIMEOUT_MS })
}
