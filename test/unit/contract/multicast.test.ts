import { expect, test } from 'vitest'
import type { Transfer } from '../../../src/contract/adapter.ts'
import { memberCopies } from '../../../src/contract/multicast.ts'
import { MessagingError } from '../../../src/model/errors.ts'
import type { OutgoingMessage } from '../../../src/model/message.ts'

function sent(...members: string[]): { transfer: Transfer; outcomes: (MessagingError | undefined)[] } {
  const outcomes: (MessagingError | undefined)[] = []
  const message = { id: 'm-1', members } as unknown as OutgoingMessage
  return { transfer: { message, resend: false, settle: (error) => outcomes.push(error) }, outcomes }
}

const missing = (): MessagingError => new MessagingError('SEND_UNROUTABLE', 'no such queue')

test('a member that is named twice gets one copy; the send is settled once, behind the last copy', () => {
  const { transfer, outcomes } = sent('a', 'b', 'a')
  const [one, two, ...more] = memberCopies(transfer, 'fleet')
  expect([one?.key, two?.key, more.length]).toEqual(['fleet:a', 'fleet:b', 0])
  two!.settle()
  expect(outcomes).toEqual([])
  one!.settle()
  expect(outcomes).toEqual([undefined])
})

test('members that never joined are told first, whatever else went wrong, which is the cause', () => {
  const { transfer, outcomes } = sent('full', 'ghost', 'there')
  const [full, ghost, there] = memberCopies(transfer, 'fleet')
  const refused = new MessagingError('SEND_REJECTED', 'the queue is full')
  full!.settle(refused)
  ghost!.settle(missing())
  there!.settle()
  expect(outcomes).toMatchObject([
    { code: 'SEND_UNROUTABLE', cause: refused, context: { address: 'fleet', members: ['ghost'] } },
  ])
})

test('what one member refuses is the outcome where all have joined', () => {
  const { transfer, outcomes } = sent('full', 'there')
  const refused = new MessagingError('SEND_REJECTED', 'the queue is full')
  for (const copy of memberCopies(transfer, 'fleet'))
    copy.settle(copy.key === 'fleet:full' ? refused : undefined)
  expect(outcomes).toEqual([refused])
})

test('a message that names no member is refused', () => {
  const { transfer, outcomes } = sent()
  expect(memberCopies(transfer, 'fleet')).toEqual([])
  expect(outcomes).toMatchObject([{ code: 'ENCODE_FAILED' }])
})
