/** All chapters, in the order of a newcomer's questions. */
import type { Chapter } from '../case.ts'
import { addressOptionsChapter } from './address-options.ts'
import { addressesChapter } from './addresses.ts'
import { adminChapter } from './admin.ts'
import { batchesChapter } from './batches.ts'
import { bodiesChapter } from './bodies.ts'
import { broadcastChapter } from './broadcast.ts'
import { browseChapter } from './browse.ts'
import { closeChapter } from './close.ts'
import { concurrencyChapter } from './concurrency.ts'
import { connectChapter } from './connect.ts'
import { consumeChapter } from './consume.ts'
import { creditChapter } from './credit.ts'
import { deadLetterChapter } from './dead-letter.ts'
import { errorsChapter } from './errors.ts'
import { foreignChapter } from './foreign.ts'
import { limitsChapter } from './limits.ts'
import { messagesChapter } from './messages.ts'
import { multicastChapter } from './multicast.ts'
import { processChapter } from './process.ts'
import { queueChapter } from './queue.ts'
import { ratesChapter } from './rates.ts'
import { reconnectChapter } from './reconnect.ts'
import { replayChapter } from './replay.ts'
import { requestChapter } from './request.ts'
import { restartChapter } from './restart.ts'
import { sendChapter } from './send.ts'
import { settleChapter } from './settle.ts'
import { storeChapter } from './store.ts'
import { subscriptionChapter } from './subscription.ts'
import { timingChapter } from './timing.ts'
import { topicChapter } from './topic.ts'
import { traceContextChapter } from './trace-context.ts'

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
