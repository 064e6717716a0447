/**
 * One process per store directory: a lock file with the owner's process id and start time.
 *
 * A file left by a process that died is taken over. Who wrote it is known by host, id and start time, because ids are
 * used again.
 */
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { randomName } from '../../core/message-id.ts'
import { MessagingError } from '../../model/errors.ts'

const FILE = 'owner.json'
/** Dead, and not yet collected by its parent. */
const ZOMBIE = 'zombie'

interface Owner {
  readonly pid: number
  readonly host: string
  /** From the system's process table; empty where there is none to read. */
  readonly started: string
}

export interface StoreLock {
  release(): Promise<void>
}

/** @throws `CONNECT_FAILED` naming the process that has the store open */
export async function lockStore(directory: string): Promise<StoreLock> {
  const file = join(directory, FILE)
  const own: Owner = { pid: process.pid, host: hostname(), started: await startOf(process.pid) }
  const draft = `${file}.${randomName()}`
  try {
    await writeFile(draft, JSON.stringify(own), { flag: 'wx' })
    for (let attempt = 0; attempt < 10; attempt++) {
      // A link is made whole or not at all, so that nobody ever reads half a lock.
      if (await made(link(draft, file))) return { release: () => releaseLock(file, own) }
      const holder = await readOwner(file)
      if (holder && (await isAlive(holder))) throw alreadyOpen(directory, holder)
      await removeStale(file, holder)
    }
  } finally {
    await rm(draft, { force: true })
  }
  throw new MessagingError('CONNECT_FAILED', `The store '${directory}' is being opened by others`, {
    context: { operation: 'connect', directory },
  })
}

/** Moves the dead owner's file aside; puts it back when it was somebody else's by then. */
async function removeStale(file: string, dead: Owner | undefined): Promise<void> {
  const aside = `${file}.${randomName()}`
  if (!(await made(rename(file, aside)))) return
  const moved = await readOwner(aside)
  if (moved && JSON.stringify(moved) !== JSON.stringify(dead)) await made(link(aside, file))
  await rm(aside, { force: true })
}

async function releaseLock(file: string, own: Owner): Promise<void> {
  const holder = await readOwner(file)
  if (JSON.stringify(holder) === JSON.stringify(own)) await rm(file, { force: true })
}

/** `undefined`: gone, or not readable as a lock. */
async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    const owner = JSON.parse(await readFile(file, 'utf8'))
    return typeof owner?.pid === 'number' && typeof owner?.host === 'string' ? owner : undefined
  } catch {
    return undefined
  }
}

async function isAlive(owner: Owner): Promise<boolean> {
  // Another host's processes cannot be seen from here: taken as alive.
  if (owner.host !== hostname()) return true
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const started = await startOf(owner.pid)
  if (started === ZOMBIE) return false
  return started === '' || owner.started === '' || started === owner.started
}

/** Start time of a process, in ticks since boot with the boot's id; empty where `/proc` does not tell. */
async function startOf(pid: number): Promise<string> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ])
    // The command's name may hold anything, brackets included; the fields count from behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? ZOMBIE : `${boot.trim()}:${fields[19]}`
  } catch {
    return ''
  }
}

async function made(operation: Promise<void>): Promise<boolean> {
  try {
    await operation
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOENT') return false
    throw error
  }
}

function alreadyOpen(directory: string, { pid, host }: Owner): MessagingError {
  const who = host === hostname() ? `process ${pid}` : `process ${pid} on ${host}`
  return new MessagingError('CONNECT_FAILED', `The store '${directory}' is already open by ${who}`, {
    hint: `One process at a time: use that process's broker (a hub, for example), or stop it. Should it be gone, remove '${FILE}' in the directory.`,
    context: { operation: 'connect', directory, pid, host },
  })
}
