/** Real brokers for tests: the shared ones by their URL, or one of the test's own to be killed and restarted. */
import { defaultHome } from '../../scripts/brokers/home.ts'
import { type BrokerName, type BrokerRecord, leftOut } from '../../scripts/brokers/kind.ts'
import { kindOf } from '../../scripts/brokers/kinds.ts'
import { kill, pause, restart, resume, start, stop } from '../../scripts/brokers/lifecycle.ts'
import { createPrivateHome, sweepPrivateHomes } from '../../scripts/brokers/private-homes.ts'
import { down, up } from '../../scripts/brokers/up.ts'

export type { BrokerName }

const quiet = () => {}

/** URL of the shared broker, which other tests use at the same time. */
export function brokerUrl(name: BrokerName): string {
  return brokerVariable(name, kindOf(name).variable)
}

/** One of the environment variables that tell of a shared broker. */
export function brokerVariable(name: BrokerName, variable: string): string {
  const value = process.env[variable]
  if (value) return value
  throw new Error(`${variable} is not set. Run npm test, or first: npm run brokers -- up ${name}`)
}

/** Whether the user chose to do without this broker (`--without`); a test may then be left out, with this as reason. */
export function isLeftOut(name: BrokerName): boolean {
  return leftOut().has(name)
}

/** A broker that no other test uses. It and its data are gone when it is disposed of. */
export class PrivateBroker implements AsyncDisposable {
  readonly name: BrokerName
  readonly url: string
  /** The same variables as of the shared broker. */
  readonly environment: Readonly<Record<string, string>>
  readonly ports: Readonly<Record<string, number>>
  /** What the broker's own command line tools need. */
  readonly toolEnvironment: Readonly<Record<string, string>>
  readonly #home: string

  /** RabbitMQ takes about 10 s, Qpid 4 s, Redis less than one. */
  static async start(name: BrokerName): Promise<PrivateBroker> {
    await sweepPrivateHomes(defaultHome())
    const home = createPrivateHome(defaultHome())
    const { results, failures } = await up(home, [name], quiet)
    if (failures[0] !== undefined) throw failures[0].error
    return new PrivateBroker(home, results[0]!.record)
  }

  private constructor(home: string, record: BrokerRecord) {
    this.#home = home
    this.name = record.name
    this.environment = record.environment
    this.ports = record.ports
    this.toolEnvironment = record.toolEnvironment
    this.url = this.environment[kindOf(this.name).variable] as string
  }

  /** As a crash would end it (SIGKILL). `role`: only one of its processes, such as `master` of redis-sentinel. */
  kill(role?: string): Promise<void> {
    return kill(this.#home, this.name, role)
  }

  /** In order. */
  stop(role?: string): Promise<void> {
    return stop(this.#home, this.name, role)
  }

  /** Again, on the same ports and data; resolves when it serves clients. */
  async start(): Promise<void> {
    await start(this.#home, this.name)
  }

  async restart(): Promise<void> {
    await restart(this.#home, this.name)
  }

  /** Frozen: connections stay open, nothing is answered. */
  pause(role?: string): Promise<void> {
    return pause(this.#home, this.name, role)
  }

  resume(role?: string): Promise<void> {
    return resume(this.#home, this.name, role)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await down(this.#home, [], quiet)
  }
}
