/** Where the store uses more of lmdb than lmdb promises; see `core/connecting/reach.ts`. */
import type { RootDatabase } from 'lmdb'
import { hasMethods, type Reaches } from '../../core/connecting/reach.ts'

export const LIBRARY = 'lmdb'
const TEST = 'test/unit/broker/store/store-reaches.test.ts'

/** What is looked at: the module, and a database that was opened with it. */
export interface Looked {
  readonly module: object
  readonly root: RootDatabase
}

/** Pages of one tree. */
export interface TreeStats {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

export interface TableStats extends TreeStats {
  /** The table of tables. */
  readonly root: TreeStats
  /** The table of free pages. */
  readonly free: TreeStats
}

/** What {@link RootDatabase} is made of: the library has it, its types do not. */
export interface Environment {
  info(): { readonly lastPageNumber: number }
  stat(): { readonly pageSize: number }
}

export function environmentOf(root: RootDatabase): Environment {
  return (root as unknown as { env: Environment }).env
}

export const REACHES = {
  kernelLock: {
    expects: 'nativeAddon.Env and nativeAddon.Txn are the classes that databases are made of',
    isThere: ({ module }) => hasMethods((module as { nativeAddon?: unknown }).nativeAddon, 'Env', 'Txn'),
    otherwise:
      'processes are kept apart at a store by owner.json alone, which other containers and hosts are checked by less well.',
    test: TEST,
  },
  fileUse: {
    expects:
      'database.env.info().lastPageNumber, env.stat().pageSize and getStats() count the pages of the file',
    isThere: ({ root }) => {
      const environment = environmentOf(root)
      const { root: names, free, ...own } = root.getStats() as unknown as TableStats
      const counts = [names, free, own].flatMap((tree) => [
        tree.treeBranchPageCount,
        tree.treeLeafPageCount,
        tree.overflowPages,
      ])
      return [environment.info().lastPageNumber, environment.stat().pageSize, ...counts].every(
        Number.isInteger,
      )
    },
    otherwise:
      'on a disk that is nearly full the store takes nothing more, though there may be room inside its file.',
    test: TEST,
  },
} as const satisfies Reaches<string, Looked>

export type ReachName = keyof typeof REACHES
