/**
 * The words of the broker scripts. A *kind* knows how to get, configure and question one sort of broker; a
 * *record* is one running broker of that kind, kept as a file so that later commands find it.
 */

export const BROKER_NAMES = [
  'rabbitmq',
  'qpid',
  'redis',
  'redis-tls',
  'redis-cluster',
  'redis-sentinel',
  'artemis',
  'postgres',
  'rabbitmq-cluster',
  'qpid-ha',
  'artemis-pair',
] as const

export type BrokerName = (typeof BROKER_NAMES)[number]

/** What `npm test` does without: for commands of their own, which take long. */
export const CLUSTERS: readonly BrokerName[] = ['rabbitmq-cluster', 'qpid-ha', 'artemis-pair']

/** What `up` starts when no name is given. */
export const DEFAULT_BROKERS: readonly BrokerName[] = ['rabbitmq', 'qpid', 'redis']

export function isBrokerName(text: string): text is BrokerName {
  return (BROKER_NAMES as readonly string[]).includes(text)
}

/** Brokers that the user chose to do without: `SLUICE_BROKERS_WITHOUT=qpid,redis`. */
export function leftOut(names = process.env.SLUICE_BROKERS_WITHOUT ?? ''): Set<BrokerName> {
  const texts = names.split(',').filter((text) => text !== '')
  const wrong = texts.find((text) => !isBrokerName(text))
  if (wrong !== undefined) throw new Error(`Unknown broker ${wrong}; there are ${BROKER_NAMES.join(' ')}`)
  return new Set(texts.filter(isBrokerName))
}

/** Called with one line for a person to read. */
export type Progress = (line: string) => void

export interface ProcessPlan {
  /** Unique within its broker: `broker`, `epmd`, `master`, `node-1` … */
  readonly role: string
  readonly command: string
  readonly args: readonly string[]
  /** The whole environment except what every process gets (`PATH`, `LANG`, `HOME`). */
  readonly env: Readonly<Record<string, string>>
  /** Not the broker itself (such as epmd): stays up when the broker is killed or restarted. */
  readonly auxiliary?: boolean
  /** Ends it in order. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  /** It works through processes of its own, which are killed and frozen with it. */
  readonly withChildren?: boolean
}

/** A process that was started. The birth mark tells it from a later one with the same pid. */
export interface ProcessRecord extends ProcessPlan {
  readonly pid: number
  readonly birth: string
}

/** What a broker is made of, before it runs. */
export interface Plan {
  readonly ports: Readonly<Record<string, number>>
  /** `SLUICE_TEST_…`: how tests reach this broker. */
  readonly environment: Readonly<Record<string, string>>
  /** What the broker's own command line tools need. */
  readonly toolEnvironment: Readonly<Record<string, string>>
  readonly processes: readonly ProcessPlan[]
  /** Instead of processes: arguments of `docker run`. */
  readonly container?: readonly string[]
}

export interface BrokerRecord extends Omit<Plan, 'processes'> {
  readonly name: BrokerName
  /** Another version than the system's package; see editions.ts. */
  readonly edition?: string
  readonly product: string
  readonly version: string
  readonly folder: string
  readonly processes: readonly ProcessRecord[]
  /** Id of its Docker container. */
  readonly containerId?: string
}

/** Where a kind may put its files, and what it may use. */
export interface Site {
  /** Empty folder of this broker alone. */
  readonly folder: string
  /** Certificates for a TLS port, made when first asked for. */
  certificates(): Promise<TlsFiles>
  /** A throw-away password, letters and digits only. */
  readonly password: string
  /** Free loopback ports, none of them given out before. */
  ports<Name extends string>(...names: Name[]): Promise<Record<Name, number>>
}

export interface TlsFiles {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** The software of a broker, found or installed. Values are the kind's own: paths of executables. */
export type Software = Readonly<Record<string, string>>

/** A root folder in which a package is installed; there may be others beside it. */
export interface SoftwarePlace {
  readonly root: string
  readonly packaged: string
}

export interface BrokerKind {
  readonly name: BrokerName
  readonly product: string
  /** The variable with this broker's URL; when the user has set it, nothing is started. */
  readonly variable: string
  /**
   * Gets the software. `place`: where to find it instead of among the system's own; paths then count from its root.
   * Throws `BrokerUnavailable` with the reason and the cure.
   */
  obtain(progress: Progress, place?: SoftwarePlace): Promise<Software>
  /** Writes configuration to `site.folder` and says what to run. */
  plan(site: Site, software: Software): Promise<Plan>
  /** One look: resolves to the version of a broker that serves clients, rejects when it does not (yet). */
  probe(environment: Readonly<Record<string, string>>): Promise<string>
  /** Once, after the processes of a new broker run and before `probe`: what they need from outside. */
  form?(record: BrokerRecord): Promise<void>
  /** The same broker by Docker, for a machine without its packages. `image`: another one than usual. */
  readonly dockerPlan?: (site: Site, image?: string) => Promise<Plan>
}

/** A broker that cannot be had, with what to do about it. */
export class BrokerUnavailable extends Error {
  readonly broker: string
  readonly cure: string

  constructor(broker: string, reason: string, cure: string, options?: ErrorOptions) {
    super(`${broker}: ${reason}`, options)
    this.name = 'BrokerUnavailable'
    this.broker = broker
    this.cure = cure
  }
}
