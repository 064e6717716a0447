/**
 * What a process says of itself while it lives, line by line in a file that outlives it. A line is there before the next instruction:
 * `word place id …`.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

export class Notes {
  readonly #file: number
  readonly #killAt: number
  #lines = 0

  constructor(path: string, killAt = Number.POSITIVE_INFINITY) {
    this.#file = openSync(path, 'a')
    this.#killAt = killAt
  }

  write(...words: readonly (string | number)[]): void {
    writeSync(this.#file, `${words.join(' ')}\n`)
    if (++this.#lines >= this.#killAt) process.kill(process.pid, 'SIGKILL')
  }

  close(): void {
    closeSync(this.#file)
  }
}

export function readNotes(path: string): string[][] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  // What is behind the last line feed was not said.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '))
}
