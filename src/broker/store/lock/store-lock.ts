/**
 * One owner per store directory.
 *
 * | asked | what it knows |
 * |---|---|
 * | a name in the kernel ({@link lockThread}) | other threads and other copies of this library in this process |
 * | a lock of the kernel ({@link lockInKernel}) | every other process of this machine, whatever its namespaces |
 * | `owner.json` | who it is; and whether it lives, where it is on a machine whose locks are not seen here |
 *
 * The first two end with their owner, however it ends. `owner.json` stays behind a process that was killed, and then
 * says nothing but who it was. Its owner touches it every few seconds: of one on another machine that is all that can be seen.
 *
 * The owner looks before each commit whether the file is still its own ({@link StoreLock.check}), so that one whose lock was taken
 * for whatever reason writes no more.
 */
import { statSync, utimesSync } from 'node:fs'
import { link, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { randomName } from '../../../core/message-id.ts'
import { MessagingError } from '../../../model/errors.ts'
import { type KernelLock, lockInKernel } from './kernel-lock.ts'
import { lockThread, type ThreadLock } from './thread-lock.ts'

const FILE = 'owner.json'
/** Dead, and not yet collected by its parent. */
const ZOMBIE = 'zombie'
/** How often the owner touches the file. Unit: ms. */
const SIGN_MS = 5_000
/** An owner on another machine that gave no sign for so long is gone. Unit: ms. */
const SILENT_MS = 20_000
/** Looks for who has just taken the lock, and the pause between two of them. Unit: ms. */
const MOST_LOOKS = 20
const LOOK_MS = 50

interface Owner {
  readonly pid: number
  readonly host: string
  /** From the system's process table, with the boot's id; empty where there is none to read. */
  readonly started: string
  /** 0: the main thread. */
  readonly thread?: number
  /** The system that runs since it was last started; empty where it does not tell. */
  readonly boot?: string
  /** The table that the process id is from; empty where there is one only. */
  readonly ids?: string
}

export interface StoreLock {
  /** @throws when the store is no longer ours */
  check(): void
  release(): Promise<void>
}

/** @throws `CONNECT_FAILED` naming who has the store open */
export async function lockStore(directory: string): Promise<StoreLock> {
  const { dev, ino } = await stat(directory, { bigint: true })
  const file = join(directory, FILE)
  const own = await self()
  const thread = await lockThread(dev, ino)
  if (!thread) throw alreadyOpen(directory, own, await readOwner(file))
  let kernel: KernelLock | undefined
  try {
    const lock = await lockInKernel(directory)
    if (!lock) throw alreadyOpen(directory, own, await ownerSoon(file))
    if (lock !== 'unknown') kernel = lock
    const made = await makeOwnerFile(directory, own, kernel !== undefined)
    return new HeldLock(file, made, thread, kernel)
  } catch (error) {
    kernel?.release()
    await thread.release()
    throw error
  }
}

/** Tells one file from another of the same name. */
type Mark = string

class HeldLock implements StoreLock {
  readonly #file: string
  #mark: Mark
  readonly #thread: ThreadLock
  readonly #kernel: KernelLock | undefined
  readonly #signs: NodeJS.Timeout

  constructor(file: string, mark: Mark, thread: ThreadLock, kernel: KernelLock | undefined) {
    this.#file = file
    this.#mark = mark
    this.#thread = thread
    this.#kernel = kernel
    this.#signs = setInterval(() => this.#giveSign(), SIGN_MS)
    this.#signs.unref()
  }

  check(): void {
    if (markOf(this.#file) === this.#mark) return
    throw new Error(
      `the store is no longer this process's: ${FILE} in it was removed, or is of another owner`,
    )
  }

  async release(): Promise<void> {
    clearInterval(this.#signs)
    try {
      if (markOf(this.#file) === this.#mark) await rm(this.#file, { force: true })
    } catch {
      // A disk that is read-only by now keeps the file; whoever has the lock then knows that its owner is gone.
    } finally {
      this.#kernel?.release()
      await this.#thread.release()
    }
  }

  #giveSign(): void {
    if (markOf(this.#file) !== this.#mark) return
    const time = new Date()
    try {
      utimesSync(this.#file, time, time)
    } catch {
      // A sign that cannot be given now is given later; writing tells what is wrong.
    }
    // Where the system does not tell when a file was made, Node gives the time of its last change instead. The same file it must be.
    const changed = markOf(this.#file)
    if (inodeOf(changed) === inodeOf(this.#mark)) this.#mark = changed
  }
}

function markOf(file: string): Mark {
  const found = statSync(file, { throwIfNoEntry: false })
  return found ? `${found.ino}:${found.birthtimeMs}` : ''
}

function inodeOf(mark: Mark): string {
  return mark.slice(0, mark.indexOf(':'))
}

async function makeOwnerFile(directory: string, own: Owner, locked: boolean): Promise<Mark> {
  const file = join(directory, FILE)
  const draft = `${file}.${randomName()}`
  try {
    await writeFile(draft, JSON.stringify(own), { flag: 'wx' })
    for (let attempt = 0; attempt < 10; attempt++) {
      // A link is made whole or not at all, so that nobody ever reads half a lock.
      if (await made(link(draft, file))) return markOf(file)
      const holder = await readOwner(file)
      if (holder && (await lives(holder, own, locked, file, draft))) throw alreadyOpen(directory, own, holder)
      await removeStale(file, holder)
    }
  } finally {
    await rm(draft, { force: true })
  }
  throw new MessagingError('CONNECT_FAILED', `The store '${directory}' is being opened by others`, {
    context: { operation: 'connect', directory },
  })
}

/** `locked`: no process of this machine has the store open, or we would not be here. */
async function lives(
  holder: Owner,
  own: Owner,
  locked: boolean,
  file: string,
  draft: string,
): Promise<boolean> {
  const here = (holder.boot ?? '') === own.boot && own.boot !== '' ? true : holder.host === own.host
  if (here && locked) return false
  if (here && (holder.ids ?? own.ids) === own.ids) return await isAlive(holder)
  // By the clock of the file system, which both see.
  const [last, now] = await Promise.all([stat(file).catch(() => undefined), stat(draft)])
  return last !== undefined && now.mtimeMs - last.mtimeMs < SILENT_MS
}

/** Moves the dead owner's file aside; puts it back when it was somebody else's by then. */
async function removeStale(file: string, dead: Owner | undefined): Promise<void> {
  const aside = `${file}.${randomName()}`
  if (!(await made(rename(file, aside)))) return
  const moved = await readOwner(aside)
  if (moved && JSON.stringify(moved) !== JSON.stringify(dead)) await made(link(aside, file))
  await rm(aside, { force: true })
}

/** Who has just taken the lock writes the file next. */
async function ownerSoon(file: string): Promise<Owner | undefined> {
  for (let looks = 1; ; looks++) {
    const owner = await readOwner(file)
    if (owner || looks === MOST_LOOKS) return owner
    await sleep(LOOK_MS)
  }
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

async function self(): Promise<Required<Owner>> {
  const [started, boot, ids] = await Promise.all([
    startOf(process.pid),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
  ])
  return { pid: process.pid, host: hostname(), started, thread: threadId, boot: boot.trim(), ids }
}

async function isAlive(owner: Owner): Promise<boolean> {
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

function alreadyOpen(directory: string, own: Owner, holder: Owner | undefined): MessagingError {
  return new MessagingError(
    'CONNECT_FAILED',
    `The store '${directory}' is already open by ${nameOf(own, holder)}`,
    {
      hint: hintFor(own, holder),
      context: { operation: 'connect', directory, pid: holder?.pid, host: holder?.host },
    },
  )
}

function nameOf(own: Owner, holder: Owner | undefined): string {
  if (!holder) return 'another process'
  const { pid, host, thread = 0 } = holder
  if (
    holder.boot === own.boot &&
    holder.ids === own.ids &&
    holder.started === own.started &&
    pid === own.pid
  ) {
    if (thread === own.thread) return `another copy of Sluice in this process (${pid})`
    return thread === 0
      ? `the main thread of this process (${pid})`
      : `worker thread ${thread} of this process (${pid})`
  }
  if (host !== own.host) return `process ${pid} on ${host}`
  return holder.ids === undefined || holder.ids === own.ids
    ? `process ${pid}`
    : `process ${pid} of another container`
}

function hintFor(own: Owner, holder: Owner | undefined): string {
  const hint = "One at a time: use that one's broker (a hub, for example), or stop it."
  const elsewhere = holder?.boot !== undefined && holder.boot !== own.boot
  return elsewhere
    ? `${hint} A machine that died is forgotten after ${SILENT_MS / 1_000} s without a sign.`
    : hint
}
