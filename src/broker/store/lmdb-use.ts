/** How much of its file an LMDB database uses, by the library's own statistics. */
import type { Database, RootDatabase } from 'lmdb'
import type { FileUse } from './store-room.ts'

const META_PAGES = 2

/** Pages of one tree. */
interface TreeStats {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

interface TableStats extends TreeStats {
  /** The table of tables. */
  readonly root: TreeStats
  /** The table of free pages. */
  readonly free: TreeStats
}

/** The library has these, its types do not. */
interface Environment {
  info(): { readonly lastPageNumber: number }
  stat(): { readonly pageSize: number }
}

export class LmdbUse implements FileUse {
  readonly pageSize: number
  readonly #environment: Environment
  readonly #tables: readonly Database[]

  constructor(root: RootDatabase, tables: readonly unknown[]) {
    this.#environment = (root as unknown as { env: Environment }).env
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

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeStats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages
}
