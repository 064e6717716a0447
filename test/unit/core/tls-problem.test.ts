import { expect, test } from 'vitest'
import { tlsProblem } from '../../../src/core/connecting/tls-problem.ts'

const context = { adapter: 'any', operation: 'connect' }
const failure = (code: string, reason?: string) => Object.assign(new Error('native words'), { code, reason })

test.each([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])('%s is a matter of trust, which no repetition cures', (code) => {
  const error = tlsProblem(failure(code), 'host:1', 'any:', context)
  expect(error).toMatchObject({ code: 'CONNECT_FAILED', retryable: false })
  expect(error?.hint).toContain('tls: { ca }')
})

test('a port that speaks no TLS is told without the numbers of OpenSSL', () => {
  const error = tlsProblem(
    failure('ERR_SSL_WRONG_VERSION_NUMBER', 'wrong version number'),
    'host:1',
    'any:',
    context,
  )
  expect(error).toMatchObject({
    code: 'CONNECT_FAILED',
    message: 'No TLS connection to host:1: wrong version number',
  })
  expect(error?.hint).toContain('any: URLs')
})

test('other failures are none of TLS', () => {
  for (const cause of [failure('ECONNREFUSED'), new Error('x'), undefined, 'text'])
    expect(tlsProblem(cause, 'host:1', 'any:', context)).toBeUndefined()
})
