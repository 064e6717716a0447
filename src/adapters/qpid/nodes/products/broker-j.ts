/** Apache Qpid Broker-J for a login that may not use its `$management` node; with it, `capabilities.ts` says what holds. */
import { withoutManagement } from '../../capabilities.ts'
import { BROKER_J_DIALECT } from '../../codec/dialect.ts'
import { withoutNullArrays } from '../../codec/null-arrays.ts'
import { wireName } from '../names.ts'
import type { Profile } from './profile.ts'

export const brokerJ: Profile = {
  kind: 'broker-j',
  capabilities: withoutManagement({}),
  dialect: { ...BROKER_J_DIALECT, narrow: withoutNullArrays },
  queueAddress: wireName,
  queueCapabilities: [],
  answerCapabilities: [],
  makesQueues: false,
  dropsQuietly: false,
  releasesUnrouted: false,
  counted: 'all',
  triesAnswers: false,
  answersOldDrains: false,
  endsLost: true,
  addsCredit: true,
  drains: true,
}
