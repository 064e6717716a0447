/** The suite as a thing: complete, with unique ids and titles that state something. */
import { describe, expect, it } from 'vitest'
import { FEATURES, type Feature } from '../../../src/index.ts'
import { capabilitiesPage } from '../page/capabilities-page.ts'
import { chapters } from '../suite/index.ts'

const cases = chapters.flatMap((chapter) => chapter.cases)

describe('the conformance suite', () => {
  it('gives every case an id of its own', () => {
    const ids = cases.map((one) => one.id)
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
  })

  it('proves every feature by at least one case', () => {
    const proved = new Set(cases.flatMap((one) => one.needs))
    const missing = Object.keys(FEATURES).filter((feature) => !proved.has(feature as Feature))
    expect(missing).toEqual([])
  })

  it('states a promise in every title', () => {
    expect(
      cases.filter((one) => one.title.length < 25 || /^(test|should)/i.test(one.title)).map((one) => one.id),
    ).toEqual([])
  })

  it('says of an unproved or failing claim that it is one', () => {
    const features = Object.fromEntries(Object.keys(FEATURES).map((one) => [one, { level: 'native' }]))
    const page = capabilitiesPage([
      {
        adapter: 'mine',
        broker: { product: 'Mine', version: '1' },
        capabilities: {
          features: features as never,
          limits: { maxBodyBytes: Number.POSITIVE_INFINITY, priorityLevels: 10, maxNameBytes: 200 },
          tiers: { durable: 'T1', transient: 'T1', live: 'T0' },
        },
        cases: [
          {
            id: 'a.b',
            chapter: 'a',
            title: 't',
            level: 'native',
            needs: ['browse'],
            result: 'passed',
            ms: 1,
          },
          { id: 'a.c', chapter: 'a', title: 't', level: 'native', needs: ['ttl'], result: 'failed', ms: 1 },
        ],
      },
    ])
    expect(page).toContain('(`browse`) | yes |')
    expect(page).toContain('(`ttl`) | yes **(failing)** |')
    expect(page).toContain('(`delay`) | yes (unproved) |')
  })
})
