#!/usr/bin/env node
/** The command `spout`. */
import { runProgram } from './command/program.ts'
import { spout } from './verbs/spout/spout.ts'

void runProgram('spout', spout, process.argv.slice(2))
