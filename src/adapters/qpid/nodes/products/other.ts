/** A broker this adapter does not know: what AMQP 1.0 itself gives. Those that it knows say what differs. */
import { withoutManagement } from '../../capabilities.ts'
import { PLAIN_DIALECT } from '../../codec/dialect.ts'
import type { Profile } from './profile.ts'

export const other: Profile = {
  kind: 'other',
  capabilities: withoutManagement({}),
  dialect: PLAIN_DIALECT,
  queueAddress: (name) => name,
  // Registered for JMS over AMQP; who does not know it must pass it over.
  queueCapabilities: ['queue'],
  answerCapabilities: ['temporary-queue'],
  makesQueues: false,
  dropsQuietly: false,
  releasesUnrouted: false,
  counted: 'all',
  triesAnswers: false,
  answersOldDrains: true,
  endsLost: false,
  addsCredit: true,
  drains: true,
}
