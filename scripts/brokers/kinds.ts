/** All kinds of brokers by name. */
import { artemis } from './artemis.ts'
import { artemisPair } from './artemis-pair.ts'
import type { BrokerKind, BrokerName } from './kind.ts'
import { postgres } from './postgres.ts'
import { qpid } from './qpid.ts'
import { qpidHa } from './qpid-ha.ts'
import { rabbitmq } from './rabbitmq.ts'
import { rabbitmqCluster } from './rabbitmq-cluster.ts'
import { redis, redisCluster, redisSentinel, redisTls } from './redis.ts'

const KINDS: Readonly<Record<BrokerName, BrokerKind>> = {
  rabbitmq,
  qpid,
  redis,
  'redis-tls': redisTls,
  'redis-cluster': redisCluster,
  'redis-sentinel': redisSentinel,
  artemis,
  postgres,
  'rabbitmq-cluster': rabbitmqCluster,
  'qpid-ha': qpidHa,
  'artemis-pair': artemisPair,
}

export function kindOf(name: BrokerName): BrokerKind {
  return KINDS[name]
}
