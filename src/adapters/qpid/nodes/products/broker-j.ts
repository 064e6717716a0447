/** Apache Qpid Broker-J for a login that may not use its `$management` node; with it, `capabilities.ts` says what holds. */
import { BROKER_J_DIALECT } from '../../codec/dialect.ts'
import { withoutNullArrays } from '../../codec/null-arrays.ts'
import { wireName } from '../names.ts'
import { other } from './other.ts'
import type { Profile } from './profile.ts'

export const brokerJ: Profile = {
  ...other,
  kind: 'broker-j',
  dialect: { ...BROKER_J_DIALECT, narrow: withoutNullArrays },
  queueAddress: wireName,
  queueCapabilities: [],
  answerCapabilities: [],
  answersOldDrains: false,
  endsLost: true,
}
