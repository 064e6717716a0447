/** All chapters, in the order of a newcomer's questions. */
import type { Chapter } from '../case.ts'
import { batchesChapter } from './links/batches.ts'
import { browseChapter } from './links/browse.ts'
import { closeChapter } from './links/close.ts'
import { concurrencyChapter } from './links/concurrency.ts'
import { consumeChapter } from './links/consume.ts'
import { creditChapter } from './links/credit.ts'
import { ratesChapter } from './links/rates.ts'
import { sendChapter } from './links/send.ts'
import { settleChapter } from './links/settle.ts'
import { bodiesChapter } from './messages/bodies.ts'
import { foreignChapter } from './messages/foreign.ts'
import { messagesChapter } from './messages/messages.ts'
import { traceContextChapter } from './messages/trace-context.ts'
import { addressOptionsChapter } from './nodes/address-options.ts'
import { addressesChapter } from './nodes/addresses.ts'
import { adminChapter } from './nodes/admin.ts'
import { deadLetterChapter } from './nodes/dead-letter.ts'
import { limitsChapter } from './nodes/limits.ts'
import { replayChapter } from './nodes/replay.ts'
import { storeChapter } from './nodes/store.ts'
import { timingChapter } from './nodes/timing.ts'
import { connectChapter } from './outages/connect.ts'
import { errorsChapter } from './outages/errors.ts'
import { processChapter } from './outages/process.ts'
import { reconnectChapter } from './outages/reconnect.ts'
import { restartChapter } from './outages/restart.ts'
import { broadcastChapter } from './patterns/broadcast.ts'
import { multicastChapter } from './patterns/multicast.ts'
import { queueChapter } from './patterns/queue.ts'
import { requestChapter } from './patterns/request.ts'
import { subscriptionChapter } from './patterns/subscription.ts'
import { topicChapter } from './patterns/topic.ts'

/** The whole suite, in the order it runs. */
export const chapters: readonly Chapter[] = [
  connectChapter,
  sendChapter,
  queueChapter,
  settleChapter,
  creditChapter,
  browseChapter,
  topicChapter,
  subscriptionChapter,
  broadcastChapter,
  multicastChapter,
  requestChapter,
  storeChapter,
  deadLetterChapter,
  replayChapter,
  timingChapter,
  consumeChapter,
  batchesChapter,
  ratesChapter,
  limitsChapter,
  addressesChapter,
  addressOptionsChapter,
  messagesChapter,
  bodiesChapter,
  foreignChapter,
  traceContextChapter,
  errorsChapter,
  closeChapter,
  adminChapter,
  concurrencyChapter,
  processChapter,
  reconnectChapter,
  restartChapter,
]
