import { describe, expect, test } from 'vitest'
import {
  connectError,
  connectionLost,
  givenBack,
  linkError,
  refusal,
  senderError,
} from '../../../src/adapters/qpid/errors.ts'

const ADDRESS = { address: 'q' }

describe('the end of a link', () => {
  test.each([
    'amqp:resource-limit-exceeded',
    'amqp:internal-error',
    'amqp:link:detach-forced',
    'amqp:link:stolen',
    'amqp:link:transfer-limit-exceeded',
    'amqp:connection:forced',
    'amqp:session:window-violation',
    'amqp:illegal-state',
    'com.microsoft:server-busy',
    'com.microsoft:timeout',
    'something:new',
    undefined,
  ])('%s is tried again', (condition) => {
    for (const error of [linkError({ condition }, ADDRESS), senderError({ condition }, ADDRESS)])
      expect(error).toMatchObject({ code: 'DETACHED', retryable: true, context: { address: 'q', condition } })
  })

  test.each([
    ['amqp:not-found', 'ADDRESS_NOT_FOUND'],
    ['amqp:resource-deleted', 'ADDRESS_NOT_FOUND'],
    ['amqp:unauthorized-access', 'UNAUTHORIZED'],
    ['amqp:precondition-failed', 'ADDRESS_MISMATCH'],
    ['amqp:not-implemented', 'NOT_SUPPORTED'],
  ])('%s is final: %s', (condition, code) => {
    expect(linkError({ condition }, ADDRESS)).toMatchObject({ code, retryable: false })
  })

  test('in use by another is told as that', () => {
    const error = linkError({ condition: 'amqp:resource-locked', description: 'exclusive' }, ADDRESS)
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', context: { reason: 'in-use' }, message: 'exclusive' })
  })

  test.each([
    [
      "AMQ229032: User: weak does not have permission='CREATE_ADDRESS' on address q",
      'UNAUTHORIZED',
      undefined,
    ],
    [
      "AMQ119015: not authorized, AMQ229213: User: weak does not have permission='CONSUME'",
      'UNAUTHORIZED',
      undefined,
    ],
    [
      'AMQ119005: error creating consumer, AMQ229200: Maximum Consumer Limit Reached on Queue',
      'UNAUTHORIZED',
      'in-use',
    ],
    ['Address q is not configured for queue support', 'ADDRESS_MISMATCH', undefined],
    ['AMQ229999: anything else', 'DETACHED', undefined],
  ])('what Artemis has no condition for is known by its number: %s', (description, code, reason) => {
    const error = linkError({ condition: 'amqp:internal-error', description }, ADDRESS)
    expect(error).toMatchObject({ code, message: description })
    expect(error.context.reason).toBe(reason)
  })

  test('what was sent is never the fault of a receiver', () => {
    const tooLarge = { condition: 'amqp:link:message-size-exceeded' }
    expect(senderError(tooLarge, ADDRESS)).toMatchObject({ code: 'MESSAGE_TOO_LARGE', retryable: false })
    expect(linkError(tooLarge, ADDRESS)).toMatchObject({ code: 'DETACHED', retryable: true })
  })
})

describe('a refusal of one message', () => {
  test.each([
    ['amqp:not-found', 'SEND_UNROUTABLE', false],
    ['amqp:link:message-size-exceeded', 'MESSAGE_TOO_LARGE', false],
    ['amqp:unauthorized-access', 'UNAUTHORIZED', false],
    ['amqp:resource-limit-exceeded', 'SEND_REJECTED', true],
    ['amqp:internal-error', 'SEND_REJECTED', true],
    ['amqp:precondition-failed', 'SEND_REJECTED', false],
    [undefined, 'SEND_REJECTED', false],
  ])('%s: %s, retryable %s', (condition, code, retryable) => {
    expect(refusal({ condition }, ADDRESS)).toMatchObject({ code, retryable })
  })

  test('a full node has a reason of its own', () => {
    expect(refusal({ condition: 'amqp:resource-limit-exceeded' }, ADDRESS).context.reason).toBe('node-full')
  })

  test.each(['released', 'modified'] as const)('%s may be sent again', (outcome) => {
    expect(givenBack(outcome, ADDRESS)).toMatchObject({ code: 'SEND_REJECTED', retryable: true })
  })
})

test.each([
  ['amqp:internal-error', 'broker-refused'],
  ['amqp:decode-error', 'broker-refused'],
  ['amqp:connection:framing-error', 'broker-refused'],
  ['amqp:connection:forced', undefined],
  ['amqp:connection:redirect', undefined],
  ['amqp:resource-limit-exceeded', undefined],
  ['amqp:unauthorized-access', undefined],
  [undefined, undefined],
])('a connection that ends with %s: reason %s', (condition, reason) => {
  expect(connectionLost({ condition }).context.reason).toBe(reason)
})

test('a login that may not enter the virtual host is told so with the words of the broker, and not tried again', () => {
  const denied = {
    condition: 'amqp:not-allowed',
    description: 'Permission PERFORM_ACTION(connect) is denied',
  }
  expect(connectError(denied, 'host:5672')).toMatchObject({
    code: 'UNAUTHENTICATED',
    retryable: false,
    message: expect.stringContaining(denied.description),
  })
})

test('a broker that hangs up without a word may want a login, or none', () => {
  for (const cause of [undefined, Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })]) {
    const error = connectError(cause, 'host:5672')
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', hint: expect.stringContaining('ANONYMOUS') })
  }
})
