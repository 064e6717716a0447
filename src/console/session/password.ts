/** The password of a console: compared in constant time, slowly, and slower after every failure. */
import { randomBytes, scrypt as scryptWith, timingSafeEqual } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Refused } from '../errors.ts'

const scrypt = promisify<string, Buffer, number, Buffer>(scryptWith)

const LENGTH = 32
/** After the first wrong password; doubles with each further one. Unit: ms. */
const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 10_000
/** Attempts that may wait for their turn. */
const MAX_WAITING = 8

export class Password {
  readonly #salt: Buffer
  readonly #hash: Buffer
  #failures = 0
  #waiting = 0
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(salt: Buffer, hash: Buffer) {
    this.#salt = salt
    this.#hash = hash
  }

  static async of(text: string): Promise<Password> {
    const salt = randomBytes(16)
    return new Password(salt, await scrypt(text, salt, LENGTH))
  }

  /** One attempt at a time. @throws Refused (429) when too many wait */
  async fits(text: string): Promise<boolean> {
    if (this.#waiting >= MAX_WAITING) throw new Refused(429, 'TOO_MANY', 'Too many attempts: try again later')
    this.#waiting += 1
    const turn = this.#turn.then(() => this.#try(text))
    this.#turn = turn.catch(() => {})
    try {
      return await turn
    } finally {
      this.#waiting -= 1
    }
  }

  async #try(text: string): Promise<boolean> {
    if (this.#failures > 0)
      await delay(Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#failures - 1)), undefined, {
        ref: false,
      })
    const fits = timingSafeEqual(await scrypt(text, this.#salt, LENGTH), this.#hash)
    this.#failures = fits ? 0 : this.#failures + 1
    return fits
  }
}
