/**
 * How far the file of a store can grow.
 *
 * LMDB is not let near the end of the disk: its Node binding damages the memory of the process when a write fails. So
 * the room is looked at before each commit, and what would not fit is refused in words. A little is always left for
 * removals, which make room.
 */
import { readFileSync, statfsSync } from 'node:fs'
import { MessagingError } from '../../model/errors.ts'

/** Why a commit was refused. */
export const NO_ROOM = 'there is no room left on the disk'
export const MAKE_ROOM = 'Make room on the disk of the store.'

/** Kept free for removals. Unit: bytes. */
const RESERVE = 1024 * 1024
/** Pages a commit may write beside those of its records: branches, free list, names. */
const OVERHEAD_PAGES = 64
/** Removals and marks in the order of the queue that share one page at least. */
const CHANGES_PER_PAGE = 8

/** What the database says about its file. Unit: pages. */
export interface FileUse {
  /** Unit: bytes. */
  readonly pageSize: number
  /** The file's pages that were ever written. */
  readonly pages: number
  /** Called when the disk is nearly full: those that hold nothing any more and are written again first. */
  free(): number
}

/** What a commit is going to write. */
export interface Demand {
  /** Lengths of the records. Unit: bytes. */
  readonly lengths: readonly number[]
  readonly changes: number
  /** There are new records, which the reserve is not for. */
  readonly grows: boolean
}

export class StoreRoom {
  readonly #directory: string
  /** Largest size of a file this process may write. Unit: bytes. */
  readonly #fileLimit = fileSizeLimit()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Whether a commit fits. */
  fits(demand: Demand, use: FileUse): boolean {
    const { pageSize, pages } = use
    let need = (OVERHEAD_PAGES + Math.ceil(demand.changes / CHANGES_PER_PAGE)) * pageSize
    for (const length of demand.lengths) {
      // A short record shares a page, half of which may stay empty; a long one has pages of its own.
      need += length < pageSize / 2 ? 2 * length : length + pageSize
    }
    const room = Math.min(this.#onDisk(), this.#fileLimit - pages * pageSize)
    if (room >= need + RESERVE) return true
    if (!demand.grows) return room + use.free() * pageSize >= need
    // Free pages are taken first; the room behind the file's end is for records that need several in a row.
    return room >= need && use.free() * pageSize >= 2 * need + RESERVE
  }

  /** Whether a store can be made here. */
  get fitsNew(): boolean {
    return Math.min(this.#onDisk(), this.#fileLimit) >= RESERVE
  }

  #onDisk(): number {
    const { blocks, bavail, bsize } = statfsSync(this.#directory)
    // A file system that does not tell has no blocks at all.
    return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize
  }
}

/** `ulimit -f`, where the system tells it. */
function fileSizeLimit(): number {
  try {
    const soft = /^Max file size\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** A new store needs more than there is. */
export function noRoom(directory: string): MessagingError {
  return new MessagingError('CONNECT_FAILED', `The store '${directory}' cannot be made: ${NO_ROOM}`, {
    retryable: false,
    hint: MAKE_ROOM,
    context: { operation: 'connect', directory },
  })
}
