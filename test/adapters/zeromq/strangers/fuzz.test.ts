/** Random records against a hub: a bounded share of `test/soak/hub/records.ts`. */
import { expect, it } from 'vitest'
import { fuzzHub } from './fuzz.ts'

it('random records disturb nobody else, end no hub and damage no store', { timeout: 60_000 }, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  console.log(`seed ${seed}`)
  const { problems, answers } = await fuzzHub(6_000, seed)
  expect(problems).toEqual([])
  // Some of it got through, and some was refused: else nothing was tried.
  expect(answers.CONFIRM).toBeGreaterThan(0)
  expect(answers.DELIVER).toBeGreaterThan(0)
  expect(answers.REFUSE).toBeGreaterThan(0)
  expect(answers.REFUSED).toBeGreaterThan(0)
})
