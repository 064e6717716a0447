/** How much of its file an LMDB database uses: by the library's own statistics, or else by the size of the file. */
import { statSync } from 'node:fs'
import type { Database, RootDatabase } from 'lmdb'
import { type Environment, environmentOf, type TableStats, type TreeStats } from './reaches.ts'
import type { FileUse } from './store-room.ts'

const META_PAGES = 2
/** Of the library, unless it says otherwise. Unit: bytes. */
const PAGE_SIZE = 4_096

export class LmdbUse implements FileUse {
  readonly pageSize: number
  readonly #environment: Environment
  readonly #tables: readonly Database[]

  constructor(root: RootDatabase, tables: readonly unknown[]) {
    this.#environment = environmentOf(root)
    this.#tables = tables as Database[]
    this.pageSize = this.#environment.stat().pageSize
  }

  get pages(): number {
    return this.#environment.info().lastPageNumber + 1
  }

  free(): number {
    const tables = this.#tables.map((table) => table.getStats() as unknown as TableStats)
    const { root, free } = tables[0]!
    return [...tables, root, free].reduce((left, tree) => left - pagesOf(tree), this.pages - META_PAGES)
  }
}

/** Where the library tells nothing: no page inside the file is known to be free. */
export class SizeOfFile implements FileUse {
  readonly pageSize = PAGE_SIZE
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  get pages(): number {
    return Math.ceil((statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) / PAGE_SIZE)
  }

  free(): number {
    return 0
  }
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeStats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages
}
