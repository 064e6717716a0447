/** All kinds of brokers by name. */

import type { BrokerKind, BrokerName } from './kind.ts'
import { artemis } from './kinds/artemis.ts'
import { artemisPair } from './kinds/artemis-pair.ts'
import { postgres } from './kinds/postgres.ts'
import { qpid } from './kinds/qpid.ts'
import { qpidHa } from './kinds/qpid-ha.ts'
import { rabbitmq } from './kinds/rabbitmq.ts'
import { rabbitmqCluster } from './kinds/rabbitmq-cluster.ts'
import { redis, redisCluster, redisSentinel, redisTls } from './kinds/redis.ts'

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
