/** Brings brokers up, reusing what serves already, and takes them down. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeCertificates } from './certificates.ts'
import { brokerFolder, forget, nestedHomes, readRecord, readRecords, withLock, writeRecord } from './home.ts'
import {
  type BrokerKind,
  type BrokerName,
  type BrokerRecord,
  BrokerUnavailable,
  type Plan,
  type ProcessPlan,
  type Progress,
  type Site,
  type TlsFiles,
} from './kind.ts'
import { kindOf } from './kinds.ts'
import { awaitReady, isRunning, remove, resume, start } from './lifecycle.ts'
import { freePorts } from './ports.ts'
import { startProcess } from './processes.ts'
import { isDockerUsable, startContainer } from './software/docker.ts'
import { editionOf } from './software/editions.ts'
import { processInRoot, rootFolder } from './software/root-folder.ts'

const REUSE_TIMEOUT_MS = 5000

export interface UpResult {
  readonly record: BrokerRecord
  /** Whether this call started it. */
  readonly started: boolean
}

export interface UpFailure {
  readonly name: BrokerName
  readonly error: Error
}

/** All of them at once. What fails leaves nothing behind and does not stop the others. */
export function up(
  home: string,
  names: readonly BrokerName[],
  progress: Progress,
): Promise<{ results: UpResult[]; failures: UpFailure[] }> {
  return withLock(home, progress, async () => {
    const certificates = new Certificates(home)
    const ports = new PortPool(readRecords(home))
    const results: UpResult[] = []
    const failures: UpFailure[] = []
    await Promise.all(
      names.map(async (name) => {
        const say: Progress = (line) => progress(`${name}: ${line}`)
        try {
          results.push(
            (await reuse(home, name, say)) ?? (await create(home, kindOf(name), certificates, ports, say)),
          )
        } catch (error) {
          failures.push({ name, error: error as Error })
        }
      }),
    )
    const place = (name: BrokerName) => names.indexOf(name)
    results.sort((a, b) => place(a.record.name) - place(b.record.name))
    return { results, failures }
  })
}

/** Without names: all, those that tests left behind included. Resolves to the names of what was there. */
export function down(home: string, names: readonly BrokerName[], progress: Progress): Promise<BrokerName[]> {
  return withLock(home, progress, async () => {
    const chosen = readRecords(home).filter((record) => names.length === 0 || names.includes(record.name))
    const nested = names.length === 0 ? nestedHomes(home) : []
    const [, ...more] = await Promise.all([
      Promise.all(chosen.map((record) => remove(home, record))),
      ...nested.map((each) => down(each, [], progress)),
    ])
    return [...chosen.map((record) => record.name), ...more.flat()]
  })
}

/** A broker that is there: as it is, or woken, or started again on its data. */
async function reuse(home: string, name: BrokerName, progress: Progress): Promise<UpResult | undefined> {
  const record = readRecord(home, name)
  if (record === undefined) {
    // A folder without record: its creation was cut short before anything ran.
    forget(home, name)
    return undefined
  }
  const wanted = editionOf(name)?.name
  if (record.edition !== wanted) {
    const cure = `npm run brokers -- down ${name}`
    throw new BrokerUnavailable(name, `${record.edition ?? 'the system’s own'} is up in its place`, cure)
  }
  try {
    if (await isRunning(record)) {
      if (record.containerId === undefined) await resume(home, name)
      return { record: await awaitReady(home, record, REUSE_TIMEOUT_MS), started: false }
    }
    progress('was stopped, starting it again')
    return { record: await start(home, name), started: true }
  } catch (error) {
    progress(`does not come back, making a new one (${(error as Error).message.split('\n')[0]})`)
    await remove(home, record)
    return undefined
  }
}

async function create(
  home: string,
  kind: BrokerKind,
  certificates: Certificates,
  ports: PortPool,
  progress: Progress,
): Promise<UpResult> {
  const begun = performance.now()
  const folder = brokerFolder(home, kind.name)
  const site: Site = {
    folder,
    certificates: () => certificates.get(kind.name, progress),
    password: randomBytes(12).toString('hex'),
    ports: (...names) => ports.take(...names),
  }
  const planFor = await choosePlan(kind, progress)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    const record = await launch(home, kind, folder, await planFor(site), progress)
    await kind.form?.(record)
    const ready = await awaitReady(home, record)
    progress(
      `${kind.product} ${ready.version} is up after ${((performance.now() - begun) / 1000).toFixed(1)} s`,
    )
    return { record: ready, started: true }
  } catch (error) {
    const record = readRecord(home, kind.name)
    if (record === undefined) forget(home, kind.name)
    else await remove(home, record)
    throw error
  }
}

/** The system's own software, or the chosen edition's, where it can be had, else Docker. */
async function choosePlan(kind: BrokerKind, progress: Progress): Promise<(site: Site) => Promise<Plan>> {
  const edition = editionOf(kind.name)
  try {
    if (edition === undefined) {
      const software = await kind.obtain(progress)
      return (site) => kind.plan(site, software)
    }
    const root = await rootFolder(edition, progress)
    const software = await kind.obtain(progress, { root, packaged: edition.packaged })
    return async (site) => {
      const plan = await kind.plan(site, software)
      // The home: certificates lie beside the broker's folder.
      const enter = (each: ProcessPlan) => processInRoot(root, dirname(site.folder), each)
      return { ...plan, processes: plan.processes.map(enter) }
    }
  } catch (error) {
    const { dockerPlan } = kind
    if (!(error instanceof BrokerUnavailable) || dockerPlan === undefined || !(await isDockerUsable()))
      throw error
    progress(`${error.message}; using Docker`)
    return (site) => dockerPlan(site, edition?.image)
  }
}

/** The record is written after each start, so that whatever happens next, `down` knows what runs. */
async function launch(
  home: string,
  kind: BrokerKind,
  folder: string,
  plan: Plan,
  progress: Progress,
): Promise<BrokerRecord> {
  let record: BrokerRecord = {
    ...plan,
    name: kind.name,
    edition: editionOf(kind.name)?.name,
    product: kind.product,
    version: '',
    folder,
    processes: [],
  }
  progress('starting')
  if (plan.container !== undefined) {
    const name = `sluice-${kind.name}-${Object.values(plan.ports)[0]}`
    // Known by name before it exists; Docker takes the name wherever it takes the id.
    record = { ...record, containerId: name }
    writeRecord(home, record)
    await startContainer(name, plan.container)
  }
  for (const process of plan.processes) {
    record = { ...record, processes: [...record.processes, await startProcess(process, folder)] }
    writeRecord(home, record)
  }
  return record
}

/** One set for all brokers of a home, made when the first of them asks. */
class Certificates {
  readonly #home: string
  #files: Promise<TlsFiles> | undefined

  constructor(home: string) {
    this.#home = home
  }

  get(broker: BrokerName, progress: Progress): Promise<TlsFiles> {
    this.#files ??= makeCertificates(this.#home, broker, progress)
    return this.#files
  }
}

/** Gives each port out once; those of brokers that are stopped for a while count as taken. */
class PortPool {
  readonly #taken: Set<number>
  #turn: Promise<unknown> = Promise.resolve()

  constructor(records: readonly BrokerRecord[]) {
    this.#taken = new Set(records.flatMap((record) => Object.values(record.ports)))
  }

  take<Name extends string>(...names: Name[]): Promise<Record<Name, number>> {
    const turn = this.#turn.then(async () => {
      const found = await freePorts(names.length, this.#taken)
      for (const port of found) this.#taken.add(port)
      return Object.fromEntries(names.map((name, index) => [name, found[index]])) as Record<Name, number>
    })
    this.#turn = turn.catch(() => {})
    return turn
  }
}
