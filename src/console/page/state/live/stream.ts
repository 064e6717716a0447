/**
 * The one stream of events of this tab. It is read with fetch, because every call carries our header; closed while the tab
 * is hidden; opened again with growing pauses when it breaks. What the tab wants to see is told anew after each opening.
 */
import { signal } from '@preact/signals'
import type { ApiError, StreamEvent, WatchRequest } from '../../../protocol.ts'
import { answer, post, problemOf } from '../api.ts'
import { eventsOf } from './sse.ts'

type Listener = (event: StreamEvent) => void

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 15_000

export const streamState = signal<'closed' | 'opening' | 'open' | 'waiting'>('closed')
export const streamProblem = signal<ApiError | undefined>(undefined)

const listeners = new Set<Listener>()
let running: AbortController | undefined
let id: string | undefined
let wanted: WatchRequest = {}
let pauseMs = FIRST_PAUSE_MS

/** The listener hears every event until it is taken away by the function returned. */
export function listen(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Changes what this tab wants to see; resolves when the server knows. */
export function watch(change: WatchRequest): Promise<void> {
  wanted = { ...wanted, ...change }
  return tell()
}

/** Opens the stream, and from now on follows whether the tab is seen. */
export function startStream(): void {
  document.addEventListener('visibilitychange', follow)
  follow()
}

/** Ends the pause before the next try. */
export function retryNow(): void {
  pauseMs = FIRST_PAUSE_MS
  running?.abort()
  running = undefined
  follow()
}

function follow(): void {
  if (document.visibilityState === 'hidden') {
    running?.abort()
    running = undefined
    streamState.value = 'closed'
  } else if (running === undefined) {
    running = new AbortController()
    void run(running.signal)
  }
}

async function run(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    streamState.value = 'opening'
    try {
      const { body } = await answer('/api/stream', { method: 'GET', signal })
      for await (const event of eventsOf(body!)) heard(event)
      streamProblem.value = undefined
    } catch (error) {
      if (!signal.aborted) streamProblem.value = problemOf(error)
    }
    if (signal.aborted) return
    id = undefined
    streamState.value = 'waiting'
    await pause(pauseMs, signal)
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
  }
}

function heard(event: StreamEvent): void {
  if (event.event === 'hello') {
    id = event.id
    pauseMs = FIRST_PAUSE_MS
    streamState.value = 'open'
    streamProblem.value = undefined
    void tell()
  }
  for (const listener of [...listeners]) listener(event)
}

async function tell(): Promise<void> {
  if (id === undefined) return
  await post(`/api/stream/${encodeURIComponent(id)}/watch`, { body: wanted }).catch((error: unknown) => {
    streamProblem.value = problemOf(error)
  })
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
