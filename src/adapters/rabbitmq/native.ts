/** What `connection.native` is on this adapter. */

/** @ts-ignore amqplib is an optional peer: without it, this says nothing */
type ChannelModel = import('amqplib').ChannelModel

/** amqplib's own connections. */
export interface RabbitmqNative {
  /** All sends go by this one, which the broker may block. */
  readonly publishing: ChannelModel
  /** All else goes by this one. */
  readonly consuming: ChannelModel
}
