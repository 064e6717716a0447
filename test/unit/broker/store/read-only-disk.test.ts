/** A file system that the system makes read-only under a running store, as it does after errors of the disk. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { connect, queue } from '../../../../src/index.ts'

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'ignore' })
}

test('a disk that becomes read-only: sends are refused, nothing ends, what was accepted is there on the next one', {
  timeout: 30_000,
}, async ({ skip }) => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-read-only-'))
  const [image, disk] = [join(folder, 'image'), join(folder, 'disk')]
  await writeFile(image, '')
  await truncate(image, 32 * 2 ** 20)
  await mkdir(disk)
  let mounted = false
  const orders = queue<string>('orders')
  try {
    try {
      run('mkfs.ext4', '-q', image)
      run('mount', '-o', 'loop', image, disk)
      mounted = true
    } catch {
      skip('making a disk of its own needs Linux, root, loop devices and ext4')
    }
    const first = await connect(`file:${disk}/store`)
    await first.send(orders, 'accepted')
    run('mount', '-o', 'remount,abort', disk)
    const refused = first.send(orders, 'refused', { timeoutMs: 10_000 })
    await expect(refused).rejects.toMatchObject({ code: 'SEND_REJECTED', retryable: true })
    const made = first.admin.declare(queue('another'))
    await expect(made).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: true })
    const seen: string[] = []
    for await (const { body } of first.browse(orders)) seen.push(body)
    expect(seen).toEqual(['accepted'])
    const receiver = await first.receiver(orders)
    const delivery = await receiver.receive({ timeoutMs: 5_000 })
    expect(delivery?.body).toBe('accepted')
    // The verdict cannot be kept: the message comes again.
    await delivery!.accept().catch(() => {})
    await first.close({ timeoutMs: 5_000 })
    // Nobody uses it any more.
    run('umount', disk)
    mounted = false
    // It mends what the end of the disk has left, which it tells by its exit code.
    spawnSync('e2fsck', ['-fp', image])
    run('mount', '-o', 'loop', image, disk)
    mounted = true
    const next = await connect(`file:${disk}/store`)
    const again = await (await next.receiver(orders)).receive({ timeoutMs: 5_000 })
    expect(again?.body).toBe('accepted')
    await again!.accept()
    await next.send(orders, 'taken')
    await next.close()
  } finally {
    if (mounted) run('umount', '-l', disk)
    await rm(folder, { recursive: true, force: true })
  }
})
