/** The nodes that the lives of a round share, and how much of each may be lost: nothing. */
import { queue, topic } from '../../../src/index.ts'

export const dead = queue<Uint8Array>('dead')
export const plain = queue<Uint8Array>('plain')
export const limited = queue<Uint8Array>('limited', { maxDeliveries: 3, deadLetter: dead })
/** Deleted and purged with what is in it. */
export const scrap = queue<Uint8Array>('scrap')
export const news = topic<Uint8Array>('news')
export const archive = news.matching('#').subscription('archive')

export const TARGETS = { plain, limited, scrap, news }
export const SOURCES = { plain, limited, scrap, dead, news: archive }
export type TargetName = keyof typeof TARGETS
export type SourceName = keyof typeof SOURCES
