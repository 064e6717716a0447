/**
 * Looks at a store's files before they are opened: what is obviously not whole is refused with words, where the
 * database itself would crash the process on a page that is not there.
 */
import { closeSync, constants, existsSync, openSync, rmSync } from 'node:fs'
import { access, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { getSystemErrorName } from 'node:util'
import { randomName } from '../../core/message-id.ts'
import { MessagingError } from '../../model/errors.ts'
import { findDamage } from './store-pages.ts'
import { MAKE_ROOM } from './store-room.ts'

/** Tells a new directory from one whose data has gone. */
const MARKER = 'sluice-store.json'
/** LMDB's own name for it. */
export const DATA_FILE = 'data.mdb'
export const LOCK_FILE = 'lock.mdb'
const FORMAT = 1
/** Files that are written in their place, where they are there. */
const WRITTEN = [DATA_FILE, LOCK_FILE, 'owner.lock-lock', 'deliveries']

/** Files that LMDB has open at once, and some more. */
const DESCRIPTORS = 8

/**
 * Checks that LMDB will not run out of file descriptors, and can make those of `files` that are not there, when it opens them: where it
 * cannot, it ends the process. Nothing may run in between.
 *
 * @throws the system's error
 */
export function checkOpening(...files: string[]): void {
  const open: number[] = []
  const made: string[] = []
  try {
    while (open.length < DESCRIPTORS) open.push(openSync(dirname(files[0]!), 'r'))
    // A disk may have room, and no place in its list of files.
    for (const file of files) {
      if (existsSync(file)) continue
      const trial = `${file}.${randomName()}`
      open.push(newFile(trial))
      made.push(trial)
    }
  } finally {
    for (const descriptor of open) closeSync(descriptor)
    for (const trial of made) rmSync(trial)
  }
}

function newFile(path: string): number {
  try {
    return openSync(path, 'wx')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOSPC') throw error
    throw Object.assign(new Error('the disk has no place for one more file (df -i)', { cause: error }), {
      code,
    })
  }
}

/**
 * Checks that this process may read and write the files of the store: another user may have made them. LMDB ends the process where it may
 * not write its lock file, and takes a lock that it may not write for one that another process has.
 *
 * @throws the system's error
 */
export async function checkAccess(directory: string): Promise<void> {
  for (const name of WRITTEN) {
    const path = join(directory, name)
    const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (found === undefined) continue
    if (!found.isFile()) throw new Error(`${name} is no file`)
    await access(path, constants.R_OK | constants.W_OK)
  }
}

/**
 * Checks that the directory is a whole store, or was none so far: `false`, and {@link markStore} is due.
 *
 * @throws `CONNECT_FAILED` when it was a store and its data is not whole, or it is of a newer format
 */
export async function checkStore(directory: string): Promise<boolean> {
  const marker = await readMarker(directory)
  const problem = await dataProblem(join(directory, DATA_FILE), marker !== undefined)
  if (problem) throw damagedStore(directory, problem)
  if (marker !== undefined && marker !== FORMAT) {
    throw new MessagingError(
      'CONNECT_FAILED',
      `The store '${directory}' has format ${marker}, not ${FORMAT}`,
      {
        retryable: false,
        hint: 'It was written by another version of Sluice: use that one.',
        context: { operation: 'connect', directory },
      },
    )
  }
  return marker !== undefined
}

/** Names in a database of ours. */
const TABLES: readonly unknown[] = ['nodes', 'messages', 'marks']

/**
 * Checks that a database without our marker is ours: one that was just made, or that an early version of Sluice made.
 *
 * @throws `CONNECT_FAILED` when it is another program's: nothing is written to it then
 */
export function checkOwnTables(directory: string, names: Iterable<unknown>): void {
  for (const name of names) {
    if (TABLES.includes(name)) continue
    throw new MessagingError(
      'CONNECT_FAILED',
      `The directory '${directory}' holds a database of another program`,
      {
        retryable: false,
        hint: 'Use a directory of its own for the store.',
        context: { operation: 'connect', directory },
      },
    )
  }
}

/** order: behind the data, and whole or not at all: a marker without its data tells of damage. */
export async function markStore(directory: string): Promise<void> {
  const file = join(directory, MARKER)
  const draft = `${file}.${randomName()}`
  try {
    await writeFile(draft, `${JSON.stringify({ store: 'sluice', format: FORMAT })}\n`, { flush: true })
    await rename(draft, file)
  } finally {
    await rm(draft, { force: true })
  }
}

const WRITABLE = 'Allow this process to write in the directory, and to read and write the files in it.'
const NO_DIRECTORY = 'A file, or a link that leads nowhere, has the name: use another directory.'
/** What the system refuses is no damage. */
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: MAKE_ROOM,
  EDQUOT: MAKE_ROOM,
  EFBIG: MAKE_ROOM,
  EACCES: WRITABLE,
  EPERM: WRITABLE,
  EROFS: 'The file system is mounted to be read only: use another directory, or mount it anew.',
  EEXIST: NO_DIRECTORY,
  ENOTDIR: NO_DIRECTORY,
  ELOOP: NO_DIRECTORY,
  ENAMETOOLONG: 'The path is longer than the file system takes: use a shorter one.',
  EMFILE: 'This process has too many files open: close some, or raise its limit.',
}

/** Why a store could not be opened. */
export function unusableStore(directory: string, error: unknown): MessagingError {
  if (error instanceof MessagingError) return error
  const text = error instanceof Error ? error.message : String(error)
  const refusal = systemCode(error)
  if (refusal === undefined) return damagedStore(directory, `it cannot be opened: ${text}`, error)
  return new MessagingError('CONNECT_FAILED', `The store '${directory}' cannot be opened: ${text}`, {
    cause: error,
    retryable: false,
    hint: HINTS[refusal] ?? 'Check the directory and its disk.',
    context: { operation: 'connect', directory },
  })
}

/** Name of the system's error, which the database tells as a number above 0. */
function systemCode(error: unknown): string | undefined {
  const { code } = Object(error) as { code?: unknown }
  if (typeof code === 'number' && code > 0) return getSystemErrorName(-code)
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}

function damagedStore(directory: string, problem: string, cause?: unknown): MessagingError {
  return new MessagingError('CONNECT_FAILED', `The store '${directory}' is damaged: ${problem}`, {
    cause,
    retryable: false,
    hint: `Restore the directory from a copy, or write what can be read into a new one: sluice doctor 'file:${directory}' --rescue NEW-DIRECTORY.`,
    context: { operation: 'connect', directory },
  })
}

/** The format, or `undefined` for a directory that was no store so far. */
async function readMarker(directory: string): Promise<number | undefined> {
  let text: string
  try {
    text = await readFile(join(directory, MARKER), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { format } = JSON.parse(text)
    if (typeof format === 'number') return format
  } catch {
    // Told below.
  }
  throw damagedStore(directory, `${MARKER} cannot be read`)
}

async function dataProblem(file: string, expected: boolean): Promise<string | undefined> {
  const { size } = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return { size: -1 }
    throw error
  })
  if (size > 0) {
    const damage = findDamage(file)
    return damage && `${DATA_FILE}: ${damage}`
  }
  if (!expected) return undefined
  return size === 0 ? `${DATA_FILE} is empty` : `${DATA_FILE} is missing`
}
