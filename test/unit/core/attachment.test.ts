import { expect, it } from 'vitest'
import { asMessagingError, MessagingError } from '../../../src/model/errors.ts'

it('whatever is thrown becomes the one error class: a stranger is INTERNAL and keeps its cause', () => {
  const known = new MessagingError('CLOSED', 'closed')
  expect(asMessagingError(known)).toBe(known)
  const cause = new RangeError('a defect')
  expect(asMessagingError(cause)).toMatchObject({
    code: 'INTERNAL',
    message: 'a defect',
    cause,
    retryable: false,
  })
  expect(asMessagingError('only text')).toMatchObject({
    code: 'INTERNAL',
    message: 'only text',
    cause: 'only text',
  })
})
