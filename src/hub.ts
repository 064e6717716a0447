/** `sluice/hub`: the broker of the ZeroMQ adapter, for programs that run it themselves. */
export { type CurveHubOptions, createCurveKeys } from './adapters/zeromq/hub/curve.ts'
export { createHub, type Hub, type HubOptions } from './adapters/zeromq/hub/hub.ts'
