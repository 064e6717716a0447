/** Brokers shared within the thread: everybody who names the same place gets the same broker. */
import { mkdir, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Broker, VERSION } from './broker.ts'
import { openLmdbStore } from './store/lmdb-store.ts'
import { unusableStore } from './store/store-check.ts'

/** A share in a broker; it stays open at least until `release`. */
export interface BrokerLease {
  /** Not to be closed by who has a share alone. */
  readonly broker: Broker
  /** Gives the share back; the last share of a file broker closes it. Idempotent. */
  release(): Promise<void>
}

interface Shared {
  readonly opening: Promise<Broker>
  shares: number
}

interface Registry {
  readonly memory: Map<string, Broker>
  readonly files: Map<string, Shared>
  /** Directories whose broker is being closed; the next one waits. */
  readonly closing: Map<string, Promise<void>>
}

/**
 * One for all copies of this module in a thread: a program that loads it twice (hot reload, a test runner, a bundle beside
 * `node_modules`) has one broker behind a name all the same. Copies of another version have a registry of their own: their
 * insides differ.
 */
const PLACE = Symbol.for(`sluice@${VERSION}/brokers`)
const thread = globalThis as { [PLACE]?: Registry }
thread[PLACE] ??= { memory: new Map(), files: new Map(), closing: new Map() }
const { memory, files, closing } = thread[PLACE]

/**
 * The broker in memory called `name`; it and what it holds live as long as the process, or until it is closed.
 *
 * @example
 * ```ts
 * const { broker } = await memoryBroker('tests') // the one of connect('memory:tests')
 * ```
 */
export async function memoryBroker(name: string): Promise<BrokerLease> {
  let broker = memory.get(name)
  if (!broker || broker.closed) {
    broker = await Broker.open()
    // Somebody else may have been faster.
    const other = memory.get(name)
    if (other && !other.closed) broker = other
    else memory.set(name, broker)
  }
  return { broker, release: () => Promise.resolve() }
}

/**
 * The broker on the store in `directory`, which is made when missing.
 *
 * @throws `CONNECT_FAILED` when another process has it open or the store is damaged, `CLIENT_LIBRARY_MISSING` without
 * `lmdb`
 *
 * @example
 * ```ts
 * const lease = await fileBroker('/var/lib/queues')
 * await lease.release()
 * ```
 */
export async function fileBroker(directory: string): Promise<BrokerLease> {
  const place = await placeOf(directory)
  for (;;) {
    const ending = closing.get(place)
    if (ending) {
      await ending
      continue
    }
    let shared = files.get(place)
    if (!shared) {
      shared = { opening: open(place), shares: 0 }
      files.set(place, shared)
    }
    shared.shares++
    const lease = await share(place, shared)
    if (lease) return lease
  }
}

/** `undefined`: somebody closed that broker under everybody's feet; a new one is due. */
async function share(place: string, shared: Shared): Promise<BrokerLease | undefined> {
  const forget = (): void => {
    if (files.get(place) === shared) files.delete(place)
  }
  const broker = await shared.opening.catch((error) => {
    forget()
    throw error
  })
  if (broker.closed) {
    forget()
    await broker.close()
    return undefined
  }
  let released: Promise<void> | undefined
  return {
    broker,
    release: () => {
      released ??= release(place, shared, broker)
      return released
    },
  }
}

async function open(place: string): Promise<Broker> {
  return Broker.open({ store: await openLmdbStore(place) })
}

async function release(place: string, shared: Shared, broker: Broker): Promise<void> {
  if (--shared.shares > 0) return
  if (files.get(place) === shared) files.delete(place)
  const ending = broker.close()
  closing.set(place, ending)
  try {
    await ending
  } finally {
    if (closing.get(place) === ending) closing.delete(place)
  }
}

/** One name per directory, whatever path leads to it. */
async function placeOf(directory: string): Promise<string> {
  try {
    // `..` behind a name that is a link, or is not there, would be another place for the system than for us.
    const place = resolve(directory)
    await makeDirectory(place)
    return await realpath(place)
  } catch (cause) {
    throw unusableStore(directory, cause)
  }
}

/** Step by step: Node's own `recursive` never ends where a file system says that the parent is missing when it is not. */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const exists = await stat(directory).catch(() => undefined)
    if (exists?.isDirectory()) return
    const parent = dirname(directory)
    if (code !== 'ENOENT' || parent === directory || (await stat(parent).catch(() => undefined))) throw error
    await makeDirectory(parent)
    await makeDirectory(directory)
  }
}
