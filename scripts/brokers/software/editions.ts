/**
 * Other versions of a broker than the system's package: `npm run brokers -- up rabbitmq@4.3`, or
 * `SLUICE_BROKERS_EDITIONS=rabbitmq@4.3,valkey@9 npm test`. The broker keeps its name, its variables and its place
 * in the tests; only its software is another one, from a root folder with a later suite of Debian, or a Docker image.
 */
import type { BrokerName } from '../kind.ts'

export interface Edition {
  /** What the user names it by: product and version. */
  readonly name: string
  /** The kinds of brokers that it takes the place of. */
  readonly brokers: readonly BrokerName[]
  /** The suite of Debian that has it as a package. */
  readonly suite: 'trixie' | 'forky'
  readonly packaged: string
  readonly image: string
}

const RABBITMQ_KINDS: readonly BrokerName[] = ['rabbitmq', 'rabbitmq-cluster']
const REDIS_KINDS: readonly BrokerName[] = ['redis', 'redis-tls', 'redis-cluster', 'redis-sentinel']

export const EDITIONS: readonly Edition[] = [
  edition('rabbitmq@4.0', RABBITMQ_KINDS, 'trixie', 'rabbitmq-server', 'rabbitmq:4.0-management'),
  edition('rabbitmq@4.3', RABBITMQ_KINDS, 'forky', 'rabbitmq-server', 'rabbitmq:4.3-management'),
  edition('redis@8', REDIS_KINDS, 'trixie', 'redis-server', 'redis:8'),
  edition('valkey@8', REDIS_KINDS, 'trixie', 'valkey-server', 'valkey/valkey:8'),
  edition('valkey@9', REDIS_KINDS, 'forky', 'valkey-server', 'valkey/valkey:9'),
]

function edition(
  name: string,
  brokers: readonly BrokerName[],
  suite: Edition['suite'],
  packaged: string,
  image: string,
): Edition {
  return { name, brokers, suite, packaged, image }
}

const VARIABLE = 'SLUICE_BROKERS_EDITIONS'

/** The edition chosen for this kind of broker; `undefined`: the system's package. @throws on an unknown name */
export function editionOf(broker: BrokerName, chosen = process.env[VARIABLE] ?? ''): Edition | undefined {
  return chosen
    .split(',')
    .filter((name) => name !== '')
    .map(findEdition)
    .filter((each) => each.brokers.includes(broker))
    .at(-1)
}

/** For this process and its children: `rabbitmq@4.3`. Resolves to the kind of broker that it is. */
export function chooseEdition(name: string): BrokerName {
  const chosen = findEdition(name)
  process.env[VARIABLE] = [process.env[VARIABLE], name].filter(Boolean).join(',')
  return chosen.brokers[0] as BrokerName
}

function findEdition(name: string): Edition {
  const found = EDITIONS.find((each) => each.name === name)
  if (found !== undefined) return found
  throw new Error(`Unknown edition ${name}; there are ${EDITIONS.map((each) => each.name).join(' ')}`)
}
