/** A live tap: the newest messages, and honest figures about those that are not shown. */
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ApiError, MessageView } from '../../../protocol.ts'
import { listen, watch } from './stream.ts'

const KEPT = 300

export interface Tap {
  readonly messages: readonly MessageView[]
  readonly seen: number
  /** Came too fast for the console to hand on. */
  readonly leftOut: number
  /** Came while the tap was paused. */
  readonly passed: number
  readonly ended: { readonly error?: ApiError } | undefined
  readonly paused: boolean
  readonly on: boolean
  readonly start: (where?: string) => void
  readonly stop: () => void
  readonly pause: (paused: boolean) => void
  readonly clear: () => void
}

export function useTap(broker: string, address: string, atOnce: boolean): Tap {
  const messages = useSignal<readonly MessageView[]>([])
  const seen = useSignal(0)
  const leftOut = useSignal(0)
  const passed = useSignal(0)
  const ended = useSignal<{ readonly error?: ApiError } | undefined>(undefined)
  const paused = useSignal(false)
  const on = useSignal(false)

  const start = (where = '') => {
    ended.value = undefined
    on.value = true
    void watch({ tap: { broker, address, ...(where.trim() !== '' && { where: where.trim() }) } })
  }
  const stop = () => {
    on.value = false
    void watch({ tap: undefined })
  }
  useEffect(() => {
    const leave = listen((event) => {
      if (event.event === 'tap-ended' && on.peek()) {
        ended.value = { error: event.error }
        on.value = false
      }
      if (event.event !== 'tap' || !on.peek()) return
      seen.value += event.messages.length + event.leftOut
      leftOut.value += event.leftOut
      if (paused.peek()) passed.value += event.messages.length
      else messages.value = [...[...event.messages].reverse(), ...messages.peek()].slice(0, KEPT)
    })
    if (atOnce) start()
    return () => {
      leave()
      if (on.peek()) stop()
    }
  }, [broker, address])

  return {
    messages: messages.value,
    seen: seen.value,
    leftOut: leftOut.value,
    passed: passed.value,
    ended: ended.value,
    paused: paused.value,
    on: on.value,
    start,
    stop,
    pause: (value) => {
      paused.value = value
    },
    clear: () => {
      messages.value = []
      seen.value = leftOut.value = passed.value = 0
    },
  }
}
