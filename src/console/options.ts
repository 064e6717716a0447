/** What a console is made with, and what it is to who made it. */
import type { ConnectOptions } from '../index.ts'

/** Options of {@link createConsole}. */
export interface ConsoleOptions {
  /** The brokers, by the names that the page shows: URLs, or options of `connect()`. Nothing else is ever connected to. */
  connections: Readonly<Record<string, string | ConnectOptions>>
  /** Address strings by name, offered where an address is typed. */
  addresses?: Readonly<Record<string, string>> | undefined
  /** Whether the page may change anything. Default `false`: every act is refused. */
  write?: boolean | undefined
  /** `false`: no body of a message leaves this process. Default `true`. */
  bodies?: boolean | undefined
  /** Default 0: one that is free. */
  port?: number | undefined
  /**
   * An address of this machine other than loopback, or its name. Then a password is needed, and the page goes over the network
   * in clear: put TLS in front of it. Default: 127.0.0.1 and ::1.
   */
  host?: string | undefined
  /** Who knows it is let in. Without one the link lets in the first who opens it. */
  password?: string | undefined
  /** A file whose first line is the password. */
  passwordFile?: string | undefined
  /** Names of connections where every act asks for the name of the node. */
  production?: readonly string[] | undefined
  /** Told one line for every act and every refusal. Default: stderr. */
  log?: ((line: string) => void) | undefined
}

/** A console that runs. */
export interface Console extends AsyncDisposable {
  /** Where the page is. Without a password it holds a key that lets in one browser, once. */
  readonly url: string
  /** Ends the page, stops what runs at a message's end, and closes the connections. Idempotent. */
  close(): Promise<void>
}
