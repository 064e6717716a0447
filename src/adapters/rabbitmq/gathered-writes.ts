/**
 * amqplib writes each message to the socket by itself, a system call for every one. Here what is written in one turn goes
 * out in one: the socket is corked by the first write and uncorked right after the turn. Order and back-pressure are those
 * of the stream.
 */
import type { Duplex } from 'node:stream'
import type { ChannelModel } from 'amqplib'

export function gatherWrites(model: ChannelModel): void {
  const { stream } = model.connection as { stream?: Duplex }
  if (typeof stream?.cork !== 'function' || typeof stream.write !== 'function') return
  const write = stream.write as (...args: unknown[]) => boolean
  let corked = false
  const uncork = (): void => {
    corked = false
    stream.uncork()
  }
  stream.write = ((...args: unknown[]): boolean => {
    if (!corked) {
      corked = true
      stream.cork()
      process.nextTick(uncork)
    }
    return write.apply(stream, args)
  }) as Duplex['write']
}
