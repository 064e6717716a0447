/** What other libraries call the options of this one, for whoever comes from there. */

/** Ours, and theirs: amqplib, rascal, rhea, ioredis, BullMQ. */
const ALSO_CALLED: readonly (readonly [ours: string, theirs: readonly string[]])[] = [
  ['credit', ['prefetch', 'prefetchCount', 'credit_window']],
  ['reliability', ['noAck', 'autoAck', 'autoaccept']],
  ['properties', ['headers', 'applicationProperties', 'application_properties', 'attributes']],
  ['ttlMs', ['expiration', 'messageTtl', 'timeToLive']],
  ['expiresMs', ['autoDelete', 'autoExpire']],
  ['durable', ['persistent', 'deliveryMode']],
  ['id', ['messageId', 'message_id', 'jobId']],
  ['subject', ['routingKey', 'routing_key', 'key', 'topic']],
  ['createdAt', ['timestamp', 'creation_time']],
  ['maxDeliveries', ['attempts', 'maxRetries', 'deliveryLimit']],
  ['deadLetter', ['deadLetterExchange', 'deadLetterRoutingKey', 'deadLetterQueue', 'alternateExchange']],
  ['native', ['arguments']],
  ['retry', ['backoff', 'redeliveries']],
  ['rate', ['limiter', 'rateLimit', 'throttle']],
  ['count', ['max', 'limit', 'points']],
  ['perMs', ['duration', 'interval', 'window', 'per']],
  ['size', ['batchSize', 'maxBatchSize', 'maxMessages']],
  ['waitMs', ['batchTimeout', 'batchTimeoutMs', 'maxWait', 'linger']],
  ['url', ['host', 'hostname', 'uri', 'hosts', 'urls', 'servers']],
  ['username', ['user', 'login']],
  ['password', ['pass']],
  ['db', ['database', 'virtual_host']],
  ['timeoutMs', ['timeout']],
  ['connectTimeoutMs', ['timeout', 'connectTimeout', 'timeoutMs']],
  ['reconnect', ['retryStrategy', 'reconnectStrategy']],
]

/** The option of ours among `known` that is called `word` elsewhere. */
export function ourWord(word: string, known: readonly string[]): string | undefined {
  return ALSO_CALLED.find(([ours, theirs]) => known.includes(ours) && theirs.includes(word))?.[0]
}
