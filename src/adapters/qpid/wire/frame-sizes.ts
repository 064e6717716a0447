/**
 * The size of each frame, looked at before rhea waits for it: rhea keeps all that comes until a frame is whole, however large it says it is,
 * and waits for eight bytes of whatever speaks first, which a refusal in TLS never has.
 */
import type { Socket } from 'node:net'
import { FIRST_WORDS, type Speech, speechOf } from '../../../core/connecting/first-words.ts'

/** Size of a frame, or the letters of a protocol header. Unit: bytes. */
const WORD = 4
/** `AMQP`, as the size of a frame: a header of eight bytes follows. */
const HEADER_WORD = 0x41_4d_51_50
const HEADER_BYTES = 8

/** The peer announced a frame that is larger than agreed on. */
export class FrameTooLarge extends Error {
  constructor(size: number, limit: number) {
    super(`the broker announced a frame of ${size} bytes, ${limit} were agreed on`)
  }
}

/** What listens there speaks no AMQP. */
export class OtherSpeech extends Error {
  readonly speech: Speech

  constructor(speech: Speech) {
    super(`the other end speaks ${speech}`)
    this.speech = speech
  }
}

/** Call before rhea listens to the socket, so that nothing reaches rhea unseen. `refused` is called once at most. */
export function watchFrameSizes(
  socket: Socket,
  largest: number,
  refused: (cause: FrameTooLarge | OtherSpeech) => void,
): void {
  /** Bytes of the present frame that are still to come. */
  let left = 0
  let word: Buffer = Buffer.alloc(0)
  let spoken = false
  const wrongIn = (bytes: Buffer): FrameTooLarge | OtherSpeech | undefined => {
    for (let at = 0; at < bytes.length; ) {
      if (left > 0) {
        const taken = Math.min(left, bytes.length - at)
        left -= taken
        at += taken
        continue
      }
      const more = bytes.subarray(at, at + WORD - word.length)
      at += more.length
      word = word.length === 0 ? more : Buffer.concat([word, more])
      if (word.length < WORD) return undefined
      const size = word.readUInt32BE()
      const speech = spoken || size === HEADER_WORD ? undefined : speechOf(word)
      if (speech) return new OtherSpeech(speech)
      spoken = true
      if (size === HEADER_WORD) left = HEADER_BYTES - FIRST_WORDS
      else if (size > largest) return new FrameTooLarge(size, largest)
      // Of less than its own size rhea says what is wrong.
      else left = Math.max(0, size - WORD)
      word = word.subarray(0, 0)
    }
    return undefined
  }
  const look = (bytes: Buffer): void => {
    const wrong = wrongIn(bytes)
    if (!wrong) return
    socket.off('data', look)
    refused(wrong)
  }
  socket.on('data', look)
}
