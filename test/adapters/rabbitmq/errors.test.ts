/** What the broker's words mean; the broker itself is asked in the other files. */
import { describe, expect, test } from 'vitest'
import { brokerError, linkEnd } from '../../../src/adapters/rabbitmq/errors.ts'
import {
  forbiddenSubject,
  isExchangeForbidden,
  isPublishError,
  sizeLimit,
} from '../../../src/adapters/rabbitmq/native-errors.ts'

/** As amqplib makes it when a publish ends its channel. */
function refused(code: number, text: string): Error {
  return Object.assign(new Error(`Channel closed by server: ${code} (X) with message "${text}"`), {
    code,
    classId: 60,
    methodId: 40,
  })
}

describe('a publish that ended its channel', () => {
  test('for the size of one message: that one is too large, the link can be had again', () => {
    const cause = refused(
      406,
      'PRECONDITION_FAILED - message size 2000000 is larger than configured max size 1000000',
    )
    expect(isPublishError(cause)).toBe(true)
    expect(sizeLimit(cause)).toBe(1_000_000)
    const error = brokerError(cause, { operation: 'send' }, 'SEND_REJECTED')
    expect(error).toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      message: 'message size 2000000 is larger than configured max size 1000000',
    })
    expect(linkEnd(error)).toMatchObject({ code: 'DETACHED', retryable: true, cause: error })
  })

  test('for want of a permission to the exchange: final for the link; to one subject: that message alone is refused', () => {
    const exchange = refused(
      403,
      "ACCESS_REFUSED - access to exchange 'news' in vhost '/' refused for user 'guest'",
    )
    const subject = refused(
      403,
      "ACCESS_REFUSED - access to topic 'a.b' in exchange 'news' in vhost '/' refused for user 'guest'",
    )
    expect(isExchangeForbidden(exchange)).toBe(true)
    expect(isExchangeForbidden(subject)).toBe(false)
    expect(forbiddenSubject(exchange)).toBeUndefined()
    expect(forbiddenSubject(subject)).toBe('a.b')
    const errors = [exchange, subject].map((cause) =>
      brokerError(cause, { operation: 'send' }, 'SEND_REJECTED'),
    )
    for (const error of errors) expect(error).toMatchObject({ code: 'UNAUTHORIZED', retryable: false })
    expect(linkEnd(errors[0]!)).toBe(errors[0])
    expect(linkEnd(errors[1]!)).toMatchObject({ code: 'DETACHED', retryable: true, cause: errors[1] })
    for (const cause of [exchange, subject]) expect(sizeLimit(cause)).toBeUndefined()
  })

  test('for a missing exchange', () => {
    const error = brokerError(
      refused(404, "NOT_FOUND - no exchange 'news' in vhost '/'"),
      {},
      'SEND_REJECTED',
    )
    expect(linkEnd(error)).toMatchObject({ code: 'ADDRESS_NOT_FOUND', retryable: false })
  })
})

test('a delivery that stayed without verdict for longer than the broker allows ends its link alone, which may come back', () => {
  const cause = refused(
    406,
    'PRECONDITION_FAILED - delivery acknowledgement on channel 2 timed out. Timeout value used: 2000 ms. This timeout value can be configured, see consumers doc guide to learn more',
  )
  expect(brokerError(cause, {}, 'DETACHED')).toMatchObject({
    code: 'DETACHED',
    retryable: true,
    message: expect.stringContaining('Timeout value used: 2000 ms'),
    hint: expect.stringContaining('consumer_timeout'),
  })
})
