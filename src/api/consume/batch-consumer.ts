/** A handler for many deliveries at a time: `connection.consumeBatch()`. */
import type { NodePlan } from '../address/node-plan.ts'
import type { LinkHost } from '../link/link-host.ts'
import { type ConsumeBatchOptions, DEFAULT_BATCH_SIZE, DEFAULT_BATCH_WAIT_MS } from '../options.ts'
import { processing, within } from '../tracing/operation.ts'
import { AfterHandler } from './after-handler.ts'
import { Batches } from './batches.ts'
import type { BatchHandler, Consumer } from './consumer.ts'
import { consumersReceiver, RunningConsumer, type Work } from './running-consumer.ts'

/** Used by `connection.consumeBatch()`. */
export async function consumeBatches<Body>(
  host: LinkHost,
  plan: NodePlan,
  handler: BatchHandler<Body>,
  options: ConsumeBatchOptions,
): Promise<Consumer> {
  if (typeof handler !== 'function') throw new TypeError('consumeBatch(): the handler is no function')
  const { concurrency = 1, waitMs = DEFAULT_BATCH_WAIT_MS, rate } = options
  const size = Math.min(options.size ?? DEFAULT_BATCH_SIZE, rate?.count ?? Number.POSITIVE_INFINITY)
  const receiver = await consumersReceiver<Body>(host, plan, options, size * concurrency)
  const after = new AfterHandler(host, plan, options, 'consumeBatch')
  const batches = new Batches(receiver, { size, waitMs }, rate)
  const work: Work = {
    async next() {
      const batch = await batches.next()
      if (batch.length === 0) return false
      const operation = processing(host, plan, batch)
      // A copy: what the handler takes out of its array is owed a verdict all the same.
      const handle = (): unknown => handler([...batch])
      try {
        await (operation ? operation.run(handle) : handle())
      } catch (error) {
        operation?.failed(error)
        await within(operation, () => after.threw(batch, error))
        return true
      }
      operation?.end()
      within(operation, () => {
        for (const delivery of batch) after.returned(delivery)
      })
      return true
    },
    stop() {
      after.stop()
      batches.stop()
    },
  }
  return new RunningConsumer(host, receiver, work, concurrency)
}
