/** Which arms there are for a URL. */
import { adapterFor } from '../../index.ts'
import type { Arm } from '../arm.ts'
import { amqplibArm } from './amqplib.ts'
import { ioredisArm } from './ioredis.ts'
import { lmdbArm } from './lmdb.ts'
import { rheaArm } from './rhea.ts'
import { sluiceArm } from './sluice.ts'
import { zeromqArm } from './zeromq.ts'

const BARE: Readonly<Record<string, (url: string) => Arm>> = {
  rabbitmq: amqplibArm,
  qpid: rheaArm,
  redis: ioredisArm,
  zeromq: zeromqArm,
  file: lmdbArm,
}

/** This library's arm, and the bare client library's where there is one. */
export async function armsFor(url: string): Promise<Arm[]> {
  const { name } = await adapterFor(url)
  const bare = BARE[name]
  return bare ? [sluiceArm(url, name), bare(url)] : [sluiceArm(url, name)]
}
