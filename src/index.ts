/** The front door: everything an application needs. */
/// <reference lib="esnext.disposable" preserve="true" />

export { adapterFor, registerAdapter } from './adapters/registry.ts'
export {
  type AddressPolicy,
  type AnyAddress,
  address,
  type BroadcastAddress,
  type Browsable,
  broadcast,
  type MailboxAddress,
  type MemberAddress,
  type MembersAddress,
  type MulticastAddress,
  mailbox,
  multicast,
  type NodeOptions,
  type QueueAddress,
  queue,
  type ServiceAddress,
  type ServiceLike,
  type Source,
  type SubscriptionAddress,
  service,
  type Target,
  type TextAddress,
  type TopicAddress,
  topic,
} from './api/address/address.ts'
export type { Admin, NodeInfo } from './api/admin.ts'
export type { Connection } from './api/connection.ts'
export type { ConnectOptions } from './api/link/connect-options.ts'
export type { ConnectionState, StatusEvent } from './api/link/status.ts'
export type {
  BrowseOptions,
  CallOptions,
  CloseOptions,
  ConsumeBatchOptions,
  ConsumeOptions,
  DeadLetterOptions,
  RateOption,
  ReceiverOptions,
  RequestOptions,
  RespondOptions,
  RetryDelay,
  SenderOptions,
  SendOptions,
} from './api/options.ts'
export type { BatchHandler } from './api/receive/batch-consumer.ts'
export type { Consumer, Handler } from './api/receive/consumer.ts'
export type { Delivery, RejectOptions, ReleaseOptions } from './api/receive/delivery.ts'
export type { ReceivedMessage } from './api/receive/received-message.ts'
export type { Receiver } from './api/receive/receiver.ts'
export { type MessageExtras, messageExtras, restoredMessage } from './api/receive/saved-message.ts'
export type {
  DeathReason,
  ReplayOptions,
  ReplayProgress,
  ReplayRefusal,
  ReplayReport,
} from './api/replay/replay-options.ts'
export type { RequestHandler, Responder } from './api/request/responder.ts'
export { type RestoredSend, restoredSend, type SavedSend, savedSend } from './api/send/saved-send.ts'
export type { Outcome } from './api/send/send-pipeline.ts'
export type { Sender } from './api/send/sender.ts'
export { type TraceCarrier, traceCarrierOf } from './api/tracing/carrier.ts'
export type { Trace, TracedMessage, TraceEvent } from './api/tracing/trace.ts'
export {
  type Configuration,
  type ConfiguredConnection,
  defineConfig,
  loadConfiguration,
  resolveConfiguration,
} from './config.ts'
export { connect } from './connect.ts'
export type { Rate } from './core/rate-limit.ts'
export { type CurveHubOptions, createCurveKeys, createHub, type Hub, type HubOptions } from './hub.ts'
export { formatAddress, type ParsedAddress, parseAddress } from './model/address-text/index.ts'
export type { BodyCodec } from './model/body-codec.ts'
export {
  type Capabilities,
  type Capability,
  type CapabilityLevel,
  FEATURES,
  type Feature,
  type Tier,
} from './model/capabilities.ts'
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorContext,
  type ErrorScope,
  isMessagingError,
  MessagingError,
  redact,
} from './model/errors.ts'
export {
  DEAD_LETTER_DEATHS,
  DEAD_LETTER_DELIVERIES,
  DEAD_LETTER_ERROR,
  DEAD_LETTER_ORIGIN,
  DEAD_LETTER_REASON,
  type MessageFields,
  type Properties,
  type PropertyValue,
  type StructuredValue,
} from './model/message.ts'
