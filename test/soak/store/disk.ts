/** The disk of a store: a directory of the machine, or a small disk of its own that can be filled and made read-only (root is needed). */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class Disk implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-soak-store-'))
  readonly #mount = join(this.#folder, 'disk')
  readonly #small: boolean

  constructor(bytes: number | undefined) {
    mkdirSync(this.#mount)
    this.#small = bytes !== undefined && process.getuid?.() === 0 && process.platform === 'linux'
    if (this.#small) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', this.#mount])
  }

  /** Of the store. */
  get store(): string {
    return join(this.#mount, 'store')
  }

  /** Where notes are: there is always room. */
  get notes(): string {
    return this.#folder
  }

  get kind(): string {
    if (!this.#small) return 'the disk of the machine'
    const { blocks, bsize } = statfsSync(this.#mount)
    return `a disk of ${Math.round((blocks * bsize) / 2 ** 20)} MiB`
  }

  /** Another program's file takes the rest. Unit: bytes. */
  leave(bytes: number | undefined): void {
    if (!this.#small) return
    const ballast = join(this.#mount, 'ballast')
    rmSync(ballast, { force: true })
    if (bytes === undefined) return
    const { bavail, bsize } = statfsSync(this.#mount)
    const filling = bavail * bsize - bytes
    if (filling <= 0) return
    try {
      writeFileSync(ballast, Buffer.alloc(filling))
    } catch {
      // The store was faster: the disk is full, which is what is wanted.
    }
  }

  set readOnly(on: boolean) {
    if (this.#small) execFileSync('mount', ['-o', `remount,${on ? 'ro' : 'rw'}`, this.#mount])
  }

  [Symbol.dispose](): void {
    if (this.#small) execFileSync('umount', ['-l', this.#mount])
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
