/**
 * The folder where brokers live: one sub-folder each, with its record, configuration, data and logs.
 * It is the user's own (mode 700, checked), one per checkout, and is gone when its last broker is down.
 */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { birthOf, isAlive } from './identity.ts'
import { BROKER_NAMES, type BrokerName, type BrokerRecord, type Progress } from './kind.ts'

const CHECKOUT = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const LOCK_TIMEOUT_MS = 10 * 60_000

/** `SLUICE_BROKERS_HOME` chooses another place. */
export function defaultHome(): string {
  if (process.env.SLUICE_BROKERS_HOME) return process.env.SLUICE_BROKERS_HOME
  const mark = createHash('sha256').update(CHECKOUT).digest('hex').slice(0, 8)
  return join(tmpdir(), `sluice-brokers-${userInfo().uid}-${mark}`)
}

export function makeHome(home: string): void {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const { uid } = userInfo()
  const found = lstatSync(home)
  // The temp folder is everybody's: a folder or link that somebody else put there is not to be trusted.
  if (!found.isDirectory() || (uid >= 0 && found.uid !== uid))
    throw new Error(`${home} is not a folder of this user`)
  chmodSync(home, 0o700)
}

export function brokerFolder(home: string, name: BrokerName): string {
  return join(home, name)
}

/** Where the homes of single tests are, so that `down` finds them if their test died. */
export const PRIVATE_SHELF = 'private'
/** In the home of a test: which process it belongs to. */
export const OWNER_FILE = 'owner.json'
/** What does not keep a home from being empty. */
const FURNITURE = ['tls', PRIVATE_SHELF, 'lock', OWNER_FILE]

export function nestedHomes(home: string): string[] {
  const folder = join(home, PRIVATE_SHELF)
  return entries(folder).map((name) => join(folder, name))
}

export function readRecord(home: string, name: BrokerName): BrokerRecord | undefined {
  let text: string
  try {
    text = readFileSync(recordPath(home, name), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return JSON.parse(text) as BrokerRecord
}

export function readRecords(home: string): BrokerRecord[] {
  return BROKER_NAMES.map((name) => readRecord(home, name)).filter((record) => record !== undefined)
}

export function writeRecord(home: string, record: BrokerRecord): void {
  const path = recordPath(home, record.name)
  writeFileSync(`${path}.new`, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Removes the broker's folder, and the home when nothing else is in it. */
export function forget(home: string, name: BrokerName): void {
  rmSync(brokerFolder(home, name), { recursive: true, force: true, maxRetries: 5 })
}

export function removeHomeIfEmpty(home: string): void {
  const left = entries(home).filter((name) => !FURNITURE.includes(name))
  if (left.length > 0 || nestedHomes(home).length > 0) return
  for (const name of FURNITURE) rmSync(join(home, name), { recursive: true, force: true })
  for (const folder of [home, dirname(home)]) {
    // Of the parents only the shelf of private homes is ours.
    if (folder !== home && basename(folder) !== PRIVATE_SHELF) return
    try {
      rmdirSync(folder)
    } catch {
      return
    }
  }
}

/** One command at a time changes a home; another one waits for it. */
export async function withLock<T>(home: string, progress: Progress, work: () => Promise<T>): Promise<T> {
  const path = join(home, 'lock')
  const mine = JSON.stringify({ pid: process.pid, birth: birthOf(process.pid) })
  const deadline = performance.now() + LOCK_TIMEOUT_MS
  let told = false
  for (;;) {
    makeHome(home)
    try {
      writeFileSync(path, mine, { flag: 'wx', mode: 0o600 })
      break
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') continue
      if (code !== 'EEXIST') throw error
    }
    if (isStale(path)) rmSync(path, { force: true })
    else if (performance.now() > deadline) throw new Error(`Another command has held ${path} for too long`)
    else {
      if (!told) progress('waiting for another brokers command to finish')
      told = true
      await delay(100)
    }
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
    removeHomeIfEmpty(home)
  }
}

function isStale(path: string): boolean {
  try {
    const text = readFileSync(path, 'utf8')
    // Empty: its owner is between creating and writing it, or died there.
    return text === '' ? Date.now() - lstatSync(path).mtimeMs > 5000 : !isAlive(JSON.parse(text))
  } catch {
    return false
  }
}

function recordPath(home: string, name: BrokerName): string {
  return join(brokerFolder(home, name), 'broker.json')
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
