/** One node with its settings, read when its view opens and again after each act; its figures come with the stream. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ApiError, NodeDetail } from '../../protocol.ts'
import { actsDone } from './acts.ts'
import { brokerPath, get, problemOf } from './api.ts'
import { brokerOf } from './brokers.ts'
import { knownNode, showNodes, withHistory } from './nodes.ts'

interface DetailState {
  readonly detail: NodeDetail | undefined
  readonly problem: ApiError | undefined
}

export function useDetail(broker: string, address: string): DetailState {
  const detail = useSignal<NodeDetail | undefined>(undefined)
  const problem = useSignal<ApiError | undefined>(undefined)
  const state = brokerOf(broker)?.state
  useEffect(() => {
    const reader = new AbortController()
    get<NodeDetail>(brokerPath(broker, 'nodes', address), { signal: reader.signal }).then(
      (found) => {
        detail.value = { ...found, ...withHistory(found) }
        problem.value = undefined
      },
      (error: unknown) => {
        if (!reader.signal.aborted) problem.value = problemOf(error)
      },
    )
    return () => reader.abort()
  }, [broker, address, actsDone.value, state === 'connected'])
  const name = detail.value?.name
  useEffect(() => {
    // The name itself sorts before all that begin with it.
    if (name !== undefined) showNodes([broker], { filter: `${name}*`, limit: 20 })
  }, [broker, name])
  const live = knownNode(broker, detail.value?.address ?? address)
  return {
    detail: detail.value === undefined ? undefined : { ...detail.value, ...live },
    problem: problem.value,
  }
}
