#!/usr/bin/env node
/** The command `spout`. */
import { runProgram } from './program.ts'
import { spout } from './verbs/spout.ts'

void runProgram('spout', spout, process.argv.slice(2))
