import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { onAbort } from '../../../src/core/aborts.ts'

test('many who wait on one signal put one listener on it, and none once all have left', () => {
  const { signal } = new AbortController()
  const leave = Array.from({ length: 50 }, () => onAbort(signal, () => {}))
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
  for (const off of leave) off()
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  for (const off of leave) off()
  onAbort(signal, () => {})
  expect(getEventListeners(signal, 'abort')).toHaveLength(1)
})

test('everyone who still waits is told once', () => {
  const controller = new AbortController()
  const told: string[] = []
  const shared = (): void => void told.push('shared')
  onAbort(controller.signal, shared)
  onAbort(controller.signal, shared)
  const leave = onAbort(controller.signal, () => told.push('left'))
  leave()
  const own = onAbort(controller.signal, () => {
    told.push('own')
    own()
  })
  controller.abort()
  controller.abort()
  expect(told).toEqual(['shared', 'shared', 'own'])
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('who comes when the signal has aborted already is told soon, and not when it leaves before', async () => {
  const signal = AbortSignal.abort()
  const told: string[] = []
  const off = onAbort(signal, () => {
    told.push('stayed')
    off()
  })
  onAbort(signal, () => told.push('left'))()
  expect(told).toEqual([])
  await undefined
  expect(told).toEqual(['stayed'])
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})
