/**
 * Looks at a store's files before they are opened: what is obviously not whole is refused with words, where the
 * database itself would crash the process on a page that is not there.
 */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MessagingError } from '../api/errors.ts'
import { findDamage } from './store-pages.ts'

/** Tells a new directory from one whose data has gone. */
const MARKER = 'sluice-store.json'
/** LMDB's own name for it. */
export const DATA_FILE = 'data.mdb'
const FORMAT = 1

/**
 * Makes the directory a store, or checks that it is one.
 *
 * @throws `CONNECT_FAILED` when it was a store and its data is not whole, or it is of a newer format
 */
export async function checkStore(directory: string): Promise<void> {
  const marker = await readMarker(directory)
  const problem = await dataProblem(join(directory, DATA_FILE), marker !== undefined)
  if (problem) throw damagedStore(directory, problem)
  if (marker === undefined) {
    await writeFile(join(directory, MARKER), `${JSON.stringify({ store: 'sluice', format: FORMAT })}\n`)
  } else if (marker !== FORMAT) {
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
}

export function damagedStore(directory: string, problem: string, cause?: unknown): MessagingError {
  return new MessagingError('CONNECT_FAILED', `The store '${directory}' is damaged: ${problem}`, {
    cause,
    retryable: false,
    hint: 'Restore the directory from a copy, or move it away to begin with an empty one.',
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
