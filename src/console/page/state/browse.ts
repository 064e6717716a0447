/** Looking at waiting messages page by page. Where looking disturbs, every page is asked for and confirmed by itself. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ApiError, BrowsePage, BrowseRequest, NodeDetail } from '../../protocol.ts'
import { disturbs, mayLook } from '../parts/ask.tsx'
import { brokerPath, post, problemOf } from './api.ts'

export const PAGE_SIZE = 50

export interface Browsing {
  readonly page: BrowsePage | undefined
  readonly problem: ApiError | undefined
  readonly busy: boolean
  /** Where this page began. */
  readonly skip: number
  readonly where: string
  readonly first: (where?: string) => void
  readonly next: () => void
  readonly previous: () => void
  readonly stop: () => void
}

export function useBrowse(node: NodeDetail): Browsing {
  const page = useSignal<BrowsePage | undefined>(undefined)
  const problem = useSignal<ApiError | undefined>(undefined)
  const busy = useSignal(false)
  const where = useSignal('')
  /** Beginnings of the pages up to this one. */
  const starts = useSignal<readonly number[]>([0])
  const reader = useSignal<AbortController | undefined>(undefined)

  const look = async (condition: string, wanted: readonly number[]) => {
    if (!(await mayLook(node))) return
    reader.value?.abort()
    const own = new AbortController()
    reader.value = own
    busy.value = true
    const body: BrowseRequest = {
      address: node.address,
      skip: wanted.at(-1) ?? 0,
      limit: PAGE_SIZE,
      ...(condition !== '' && { where: condition }),
      ...(disturbs(node) && { disturb: true }),
    }
    try {
      page.value = await post<BrowsePage>(brokerPath(node.broker, 'browse'), { body, signal: own.signal })
      starts.value = wanted
      where.value = condition
      problem.value = undefined
    } catch (error) {
      if (!own.signal.aborted) problem.value = problemOf(error)
    }
    if (reader.value === own) busy.value = false
  }

  useEffect(() => {
    if (node.browse.level === 'native') void look('', [0])
    return () => reader.value?.abort()
  }, [node.broker, node.address])

  return {
    page: page.value,
    problem: problem.value,
    busy: busy.value,
    skip: starts.value.at(-1) ?? 0,
    where: where.value,
    first: (condition = where.value) => void look(condition.trim(), [0]),
    next: () => page.value?.next !== undefined && void look(where.value, [...starts.value, page.value.next]),
    previous: () => starts.value.length > 1 && void look(where.value, starts.value.slice(0, -1)),
    stop: () => {
      reader.value?.abort()
      busy.value = false
    },
  }
}
