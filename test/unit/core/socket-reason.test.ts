import { expect, it } from 'vitest'
import { socketReason } from '../../../src/core/connecting/socket-reason.ts'

it.each([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'the host name is unknown'],
  ['EAI_AGAIN', 'the host name is unknown'],
  ['ECONNRESET', 'the other end hung up'],
  ['EPIPE', 'the other end hung up'],
  ['ETIMEDOUT', 'no answer'],
])('%s is told as: %s', (code, reason) => {
  expect(socketReason(Object.assign(new Error('native words'), { code }))).toBe(reason)
})

it.each([[undefined], [null], ['ECONNREFUSED'], [new Error('no code')], [{ code: 404 }]])(
  '%s is no error of a socket',
  (cause) => {
    expect(socketReason(cause)).toBeUndefined()
  },
)
