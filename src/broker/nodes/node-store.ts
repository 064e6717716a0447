/** Writes nodes to the store, when the broker has one. */
import { MessagingError } from '../../model/errors.ts'
import type { CommitWaiter, Store } from '../store/store.ts'
import { formatNodeRecord, type NodeRecord } from './node-settings.ts'

export class NodeStore {
  readonly #store: Store | undefined
  /** New nodes that are not on the disk yet, by their key. */
  readonly #creating = new Map<number, Promise<void>>()
  /** Nodes whose last change is not on the disk yet: how many changes of each. */
  readonly #changing = new Map<number, number>()

  constructor(store: Store | undefined) {
    this.#store = store
  }

  /** The key of a new node; 0: it is not kept. */
  newId(durable: boolean): number {
    return durable && this.#store ? this.#store.nextNodeId() : 0
  }

  /** Writes a new node; resolves when it is on disk. When the disk refuses, `undo` takes it out of memory again. */
  create(id: number, record: NodeRecord, undo: () => void): Promise<void> {
    const store = this.#store
    if (id === 0 || !store) return DONE
    const created = new Promise<void>((resolve, reject) => {
      const settled = (error?: Error): void => {
        this.#creating.delete(id)
        if (!error) {
          resolve()
          return
        }
        undo()
        reject(refusedByDisk(error, `The node '${record.name}' could not be stored`, record.name, 'declare'))
      }
      const waiter = new Written(true, settled, settled)
      store.saveNode(id, formatNodeRecord(record), waiter)
      store.commit(waiter)
    })
    this.#creating.set(id, created)
    return created
  }

  /** Writes changes of a node; they are tried until they are on disk. */
  change(id: number, record: NodeRecord): void {
    const store = this.#store
    if (id === 0 || !store) return
    this.#changing.set(id, (this.#changing.get(id) ?? 0) + 1)
    store.saveNode(id, formatNodeRecord(record), undefined)
    store.commit(new Written(false, () => this.#changed(id), DO_NOTHING))
  }

  #changed(id: number): void {
    const left = this.#changing.get(id)! - 1
    if (left > 0) this.#changing.set(id, left)
    else this.#changing.delete(id)
  }

  /**
   * Resolves when a node is on the disk as it is in memory: at once for one that nobody makes or changes, whatever else the disk refuses.
   *
   * @throws `STORE_FAILED` when the disk refuses it; a change is tried again all the same
   */
  written(id: number, name: string): Promise<void> {
    const creating = this.#creating.get(id)
    if (creating) return creating
    return this.#changing.has(id) ? this.committed(id, name, 'declare') : DONE
  }

  /** Removes the node and, in the background, its messages. */
  remove(id: number): void {
    if (id === 0 || !this.#store) return
    this.#store.removeNode(id)
    this.#store.clear(id)
  }

  /**
   * Resolves when everything written so far is on disk.
   *
   * @throws `STORE_FAILED` when the disk refuses it; it is tried again until it is there
   */
  committed(id: number, name: string, operation: 'declare' | 'delete' | 'purge'): Promise<void> {
    const store = this.#store
    if (id === 0 || !store) return DONE
    return new Promise((resolve, reject) => {
      const refused = (error: Error): void => {
        const text = `The ${operation} of '${name}' is done, and not on the disk yet`
        reject(refusedByDisk(error, text, name, operation, { inDoubt: true }))
      }
      store.commit(new Written(true, resolve, refused))
    })
  }
}

function refusedByDisk(
  cause: Error,
  text: string,
  address: string,
  operation: string,
  more: { readonly inDoubt?: boolean } = {},
): MessagingError {
  return new MessagingError('STORE_FAILED', `${text}: ${cause.message}`, {
    cause,
    hint: more.inDoubt
      ? 'Make room on the disk of the store; it is tried again until then, and a process that ends before has not done it.'
      : 'Make room on the disk of the store, then try again.',
    context: { address, operation, ...more },
  })
}

class Written implements CommitWaiter {
  readonly refusable: boolean
  readonly #done: () => void
  readonly #failed: (error: Error) => void

  constructor(refusable: boolean, done: () => void, failed: (error: Error) => void) {
    this.refusable = refusable
    this.#done = done
    this.#failed = failed
  }

  stored(error: Error | undefined): void {
    if (error) this.#failed(error)
    else this.#done()
  }
}

const DONE = Promise.resolve()
const DO_NOTHING = (): void => {}
