/** How clients of ioredis are made: none reconnects by itself, and none holds back commands. */
import type { ClusterOptions, RedisOptions } from 'ioredis'
import type { Endpoint, HostPort } from '../options.ts'

/** ioredis' own limit; the caller's signal is shorter or longer. Unit: ms. */
const CONNECT_TIMEOUT_MS = 60_000
/** For each Sentinel, and for the server they name: one that is silent must leave time for the next. Unit: ms. */
const SENTINEL_TIMEOUT_MS = 3_000
/** A Sentinel that went away is asked again after so long. Unit: ms. */
const SENTINEL_PAUSE_MS = 5_000
/** For a server that does not answer a farewell. Unit: ms. */
const DISCONNECT_TIMEOUT_MS = 1_000
/** For each node that is asked who has which slots: one that is frozen must leave time for the next. Unit: ms. */
const SLOTS_TIMEOUT_MS = 2_000

function commonOptions(endpoint: Endpoint): RedisOptions {
  return {
    username: endpoint.username,
    password: endpoint.password,
    tls: endpoint.tls,
    connectionName: endpoint.clientName,
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    // The session looks by itself, also where INFO is forbidden.
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    disableClientInfo: true,
    protocol: 2,
  }
}

export function nodeOptions(endpoint: Endpoint, place: HostPort): RedisOptions {
  return { ...commonOptions(endpoint), ...place }
}

export function serverOptions(endpoint: Endpoint): RedisOptions {
  const common = { ...commonOptions(endpoint), db: endpoint.db }
  if (endpoint.socket !== undefined) return { ...common, path: endpoint.socket }
  if (endpoint.mode === 'single') return { ...common, ...endpoint.nodes[0]! }
  return {
    ...common,
    connectTimeout: SENTINEL_TIMEOUT_MS,
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    sentinels: [...endpoint.nodes],
    name: endpoint.master,
    sentinelUsername: endpoint.sentinelUsername,
    sentinelPassword: endpoint.sentinelPassword,
    enableTLSForSentinelMode: endpoint.tls !== undefined,
    sentinelTLS: endpoint.tls,
    sentinelRetryStrategy: () => null,
    updateSentinels: false,
  }
}

export function clusterOptions(endpoint: Endpoint): ClusterOptions {
  const {
    retryStrategy: _,
    enableOfflineQueue: __,
    lazyConnect: ___,
    ...redisOptions
  } = commonOptions(endpoint)
  return {
    redisOptions,
    lazyConnect: true,
    enableOfflineQueue: false,
    // One that fails would leave `connect` without an end: see `livingMaster`.
    enableReadyCheck: false,
    // The rest of its patience is ours: it would let later calls go before earlier ones.
    maxRedirections: 4,
    retryDelayOnTryAgain: 10,
    scaleReads: 'master',
    clusterRetryStrategy: () => null,
    // A write whose answer was lost must not be written again behind our back.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: SLOTS_TIMEOUT_MS,
  }
}

/** For who listens to a Sentinel for as long as it lives. */
export function sentinelOptions(endpoint: Endpoint, place: HostPort): RedisOptions {
  return {
    ...place,
    username: endpoint.sentinelUsername,
    password: endpoint.sentinelPassword,
    tls: endpoint.tls,
    connectionName: endpoint.clientName,
    connectTimeout: SENTINEL_TIMEOUT_MS,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: () => SENTINEL_PAUSE_MS,
    enableReadyCheck: false,
    maxRetriesPerRequest: null,
    disableClientInfo: true,
    protocol: 2,
  }
}
