/**
 * A lock that the kernel holds and frees: across process id, network and host name namespaces, and across machines where the
 * file system keeps locks for all of them. It needs nobody's process table, and cannot outlive its owner.
 *
 * Node offers no file locks; LMDB does. An environment of its own, beside the store's, is opened for this alone: who
 * opens one holds a shared `fcntl` lock on its lock file, and stands in the table of readers there, which whoever opens it
 * alone empties first. So: stand in the table, then look who else does. Of two who come together each sees the other, and both
 * step back. The store's own environment is opened behind this lock only: two processes in it whose ids are equal wait for
 * each other in the kernel, event loop and all.
 *
 * bound: the lock belongs to the process, not to a thread (`thread-lock.ts` is for those), and POSIX frees it when the process
 * closes any other descriptor of the lock file: a program that copies its own open store loses it. `owner.json` is behind it.
 */
import { existsSync, statSync } from 'node:fs'
import { link, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomName } from '../../../core/message-id.ts'
import { loadLmdb } from '../library.ts'
import { checkOpening } from '../store-check.ts'
import { findDamage } from '../store-pages.ts'
import { noRoom, StoreRoom } from '../store-room.ts'

/** Two pages that never change; LMDB's lock file is `owner.lock-lock` beside it. */
const FILE = 'owner.lock'
const NO_SUBDIRECTORY = 0x4000
const READ_ONLY = 0x2_0000
/** Others who step back as well are gone by then. */
const ATTEMPTS = 8
/** Longest pause between two attempts. Unit: ms. */
const PAUSE_MS = 60

/** What the library's own classes are made of: they wait, blocking, for a place in the table that another process has. */
interface Environment {
  open(options: object, flags: number, libraryFlags: number): void
  readerCheck(): number
  readerList(): string[]
  close(): void
}

interface Native {
  readonly Env: new () => Environment
  readonly Txn: new (environment: Environment, flags: number) => { abort(): void }
}

export interface KernelLock {
  release(): void
}

/** `undefined`: another process has it. `'unknown'`: there is no such lock here. */
export async function lockInKernel(directory: string): Promise<KernelLock | undefined | 'unknown'> {
  const { nativeAddon: native } = (await loadLmdb()) as unknown as {
    nativeAddon?: Native
  }
  if (typeof native?.Env !== 'function' || typeof native.Txn !== 'function') return 'unknown'
  const file = join(directory, FILE)
  // Its table is mapped: where the disk has no room for it, the process would die of touching it.
  if (!(existsSync(file) && existsSync(`${file}-lock`)) && !new StoreRoom(directory).fitsNew)
    throw noRoom(directory)
  await makeFile(native, file)
  for (let attempt = 1; ; attempt++) {
    const lock = attemptLock(native, file)
    if (lock || attempt === ATTEMPTS) return lock
    await sleep(Math.random() * PAUSE_MS)
  }
}

function attemptLock(native: Native, file: string): KernelLock | undefined {
  const environment = openEnvironment(native, file, NO_SUBDIRECTORY | READ_ONLY)
  let place: { abort(): void } | undefined
  try {
    place = new native.Txn(environment, READ_ONLY)
    environment.readerCheck()
    // The first line is the head of the table.
    const readers = environment.readerList().filter((line) => /^\s*\d/.test(line)).length
    if (readers === 1) return { release: () => leave(environment, place) }
  } catch (error) {
    // A process of our own id stands there: of another namespace, and alive.
    if (!/temporarily/i.test(String(error))) {
      leave(environment, place)
      throw error
    }
  }
  leave(environment, place)
  return undefined
}

function leave(environment: Environment, place: { abort(): void } | undefined): void {
  place?.abort()
  environment.close()
}

function openEnvironment(native: Native, path: string, flags: number): Environment {
  checkOpening(path, `${path}-lock`)
  const environment = new native.Env()
  // The smallest there is of each; the buffer is the library's for keys, and none is read here.
  environment.open(
    { path, keyBytes: Buffer.alloc(4_096), maxDbs: 1, maxReaders: 126, mapSize: 0x2_0000 },
    flags,
    0,
  )
  return environment
}

/**
 * Makes the file that is opened, whole or not at all. The lock itself is in the other one, which stays. What a machine that lost its power,
 * or a copy that was cut short, left of it would end the process: it is made again.
 */
async function makeFile(native: Native, file: string): Promise<void> {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found && found.size > 0 && findDamage(file) === undefined) return
  const draft = `${file}.${randomName()}`
  try {
    openEnvironment(native, draft, NO_SUBDIRECTORY).close()
    if (found) await rename(draft, file)
    else
      await link(draft, file).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error
      })
  } finally {
    await rm(draft, { force: true })
    await rm(`${draft}-lock`, { force: true })
  }
}
