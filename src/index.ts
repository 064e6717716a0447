/** The front door: everything an application needs. */
/// <reference lib="esnext.disposable" preserve="true" />

export type { NativeOf, NativeOptionsOf } from './adapters/native-types.ts'
export { adapterFor, registerAdapter } from './adapters/registry.ts'
export type {
  AddressPolicy,
  AnyAddress,
  BroadcastAddress,
  Browsable,
  MailboxAddress,
  MemberAddress,
  MembersAddress,
  MulticastAddress,
  NodeOptions,
  QueueAddress,
  ServiceAddress,
  ServiceLike,
  Source,
  SubscriptionAddress,
  Target,
  TextAddress,
  TopicAddress,
} from './api/address/address.ts'
export { broadcast, mailbox, multicast, queue, service, topic } from './api/address/builders.ts'
export type { ReplyTarget } from './api/address/reply-address.ts'
export { address } from './api/address/text-address.ts'
export type { Admin, NodeInfo } from './api/admin.ts'
export type { Connection } from './api/connection.ts'
export type { BatchHandler, Consumer, Handler } from './api/consume/consumer.ts'
export type { ConnectionState, StatusEvent } from './api/link/status.ts'
export type { ReceivedMessage } from './api/message/received-message.ts'
export { type MessageExtras, messageExtras, restoredMessage } from './api/message/saved-message.ts'
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
export type { Delivery, RejectOptions, ReleaseOptions } from './api/receive/delivery.ts'
export type { Receiver } from './api/receive/receiver.ts'
export type {
  DeathReason,
  ReplayOptions,
  ReplayProgress,
  ReplayRefusal,
  ReplayReport,
} from './api/replay/replay-options.ts'
export type { RequestHandler, Responder } from './api/request/responder.ts'
export type { MessageFields } from './api/send/message-fields.ts'
export { type RestoredSend, restoredSend, type SavedSend, savedSend } from './api/send/saved-send.ts'
export type { Outcome } from './api/send/send-pipeline.ts'
export type { Sender } from './api/send/sender.ts'
export { type TraceCarrier, traceCarrierOf } from './api/tracing/carrier.ts'
export type { Trace, TracedMessage, TraceEvent } from './api/tracing/trace.ts'
export {
  type Configuration,
  type ConfiguredConnection,
  type ConnectOptions,
  defineConfig,
  loadConfiguration,
  resolveConfiguration,
} from './config.ts'
export { connect } from './connect.ts'
export type { Rate } from './core/time/rate-limit.ts'
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
  type Properties,
  type PropertyValue,
  type StructuredValue,
} from './model/message.ts'
