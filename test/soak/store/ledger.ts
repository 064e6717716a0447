/** What became of every message by the notes of all lives, and whether that is as promised. */
interface Entry {
  readonly size: number
  state: 'open' | 'accepted' | 'failed'
  code?: string
  /** Handed over so often. */
  handed: number
  /** A verdict was asked for that may have removed it. */
  settled: boolean
  rejected: boolean
  delayed: boolean
}

/** Where a message may be: in its own queue, or among the dead. */
type Places = Map<string, Map<string, Entry>>

/** A send that failed with one of these is not in the store. */
const NOT_SENT = ['SEND_REJECTED', 'SEND_UNROUTABLE', 'CAPACITY_EXCEEDED', 'MESSAGE_TOO_LARGE']

export class Ledger {
  readonly problems: string[] = []
  readonly counts = { accepted: 0, refused: 0, delivered: 0, present: 0, unmarked: 0, openings: 0, busy: 0 }
  readonly #places: Places = new Map()
  readonly #errors = new Map<string, number>()

  problem(text: string): void {
    if (this.problems.length < 20) this.problems.push(text)
  }

  /** `strict`: the disk took everything, and nobody else's lives came between. */
  read(notes: readonly string[][], who: string): void {
    for (const [word, place = '', id = '', ...rest] of notes) {
      if (word === 'opening') this.counts.openings++
      else if (word === 'PROBLEM') this.problem(`${who}: ${place} ${id} ${rest.join(' ')}`)
      else if (word === 'refused') this.#refused(who, place, [id, ...rest].join(' '))
      else if (word === 'warning') this.#warned(who, [place, id, ...rest].join(' '))
      else if (word === 'error') this.#count(`${place} ${id}`)
      else if (word === 'send')
        this.#of(place).set(id, {
          size: Number(rest[0]),
          state: 'open',
          handed: 0,
          settled: false,
          rejected: false,
          delayed: false,
        })
      else if (word === 'accepted' || word === 'failed') this.#outcome(place, id, word, rest[0])
      else if (word === 'delivered') this.#delivered(who, place, id, rest)
      else if (word === 'verdict') this.#verdict(place, id, rest[0]!)
      else if (word === 'delayed') this.#find(place, id)!.delayed = true
    }
  }

  /** Somebody emptied the place, at an instant that the notes of several processes do not tell. */
  cleared(place: string): void {
    for (const entry of this.#of(place).values()) entry.settled = true
  }

  /** `notes` of a process that looked at everything. `expected` was to be found, nothing else, in order. */
  audit(notes: readonly string[][], who: string): void {
    const found = new Map<string, Set<string>>()
    const latest = new Map<string, number>()
    for (const [word, place = '', id = '', size, whole] of notes) {
      if (word !== 'present') continue
      this.counts.present++
      const entry = this.#find(place, id)
      const ids = found.get(place) ?? new Set()
      found.set(place, ids)
      if (ids.has(id)) this.problem(`${who}: ${place} holds ${id} twice`)
      ids.add(id)
      if (!entry) {
        this.problem(`${who}: ${place} holds ${id}, which nobody sent`)
        continue
      }
      if (Number(size) !== entry.size || whole !== 'whole')
        this.problem(`${who}: ${place} holds ${id} changed: ${size} of ${entry.size} bytes, ${whole}`)
      if (entry.state === 'failed' && NOT_SENT.includes(entry.code!))
        this.problem(`${who}: ${place} holds ${id}, which was refused with ${entry.code}`)
      if (place === 'dead') {
        if (entry.handed === 0 && !entry.rejected)
          this.problem(`${who}: ${id} is dead, and no program saw it`)
        continue
      }
      if (entry.delayed) continue
      const [sender, number] = [`${place} ${id.split('#')[0]}`, Number(id.split('#')[1])]
      if (number < (latest.get(sender) ?? -1))
        this.problem(`${who}: ${place} has ${id} behind ${latest.get(sender)}`)
      latest.set(sender, number)
    }
    for (const [place, entries] of this.#places) {
      for (const [id, entry] of entries) {
        if (entry.state !== 'accepted' || entry.settled) continue
        if (found.get(place)?.has(id) || (place === 'limited' && found.get('dead')?.has(id))) continue
        this.problem(`${who}: LOST ${id} of ${entry.size} bytes, accepted in ${place}`)
      }
    }
  }

  summary(): string {
    const { accepted, refused, delivered, present, unmarked, openings, busy } = this.counts
    const errors = [...this.#errors].map(([what, count]) => `${count} ${what}`).join(', ')
    return `${accepted} accepted, ${refused} refused, ${delivered} delivered (${unmarked} again unmarked), ${present} seen by the auditor, ${openings} openings, ${busy} busy${errors && `; ${errors}`}`
  }

  #of(place: string): Map<string, Entry> {
    const entries = this.#places.get(place) ?? new Map()
    this.#places.set(place, entries)
    return entries
  }

  #find(place: string, id: string): Entry | undefined {
    return this.#of(place === 'dead' ? 'limited' : place).get(id)
  }

  #outcome(place: string, id: string, state: 'accepted' | 'failed', code: string | undefined): void {
    const entry = this.#of(place).get(id)!
    entry.state = state
    if (state === 'accepted') this.counts.accepted++
    else {
      entry.code = code
      this.counts.refused++
      this.#count(`send ${code}`)
    }
  }

  #delivered(who: string, place: string, id: string, [count, mark, whole]: readonly string[]): void {
    this.counts.delivered++
    const entry = this.#find(place, id)
    if (!entry) {
      this.problem(`${who}: ${place} gave ${id}, which nobody sent`)
      return
    }
    if (whole !== 'whole') this.problem(`${who}: ${place} gave ${id} changed`)
    if (place === 'dead') return
    if (entry.handed > 0 && mark !== 'again') {
      this.counts.unmarked++
      if (place === 'limited')
        this.problem(`${who}: ${id} comes for the ${entry.handed + 1}th time, unmarked`)
    }
    entry.handed++
    if (place === 'limited' && Number(count) < entry.handed)
      this.problem(`${who}: ${id} was handed over ${entry.handed} times, and its count is ${count}`)
  }

  #verdict(place: string, id: string, verdict: string): void {
    const entry = this.#find(place, id)
    // Told as a problem when it came.
    if (!entry) return
    if (verdict === 'reject') entry.rejected = true
    // A rejected message of `limited` goes to the dead letters, where it counts as present.
    if (verdict === 'accept' || place !== 'limited') entry.settled = true
  }

  #refused(who: string, code: string, text: string): void {
    if (/open by|being opened/.test(text)) this.counts.busy++
    else if (code !== 'CONNECT_FAILED' || !/no room|read.only|EROFS/i.test(text))
      this.problem(`${who}: cannot open: ${code} ${text}`)
    else this.#count(`opening ${/no room/.test(text) ? 'without room' : 'read-only'}`)
  }

  #warned(who: string, text: string): void {
    if (/no room|disk full|discarded/.test(text)) this.#count('warnings')
    else this.problem(`${who}: warning ${text}`)
  }

  #count(what: string): void {
    this.#errors.set(what, (this.#errors.get(what) ?? 0) + 1)
  }
}
