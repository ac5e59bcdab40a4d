// The smallest machine a shard can have: it adds numbers up. For tests of what is around machines.

import { answer, type Instant, type Outcome, type Ticket } from '../shard/outcome.ts'
import type { Machine } from '../shard/shard.ts'

export interface CounterOperation {
  /** `arm` sets a timer that adds 100 after `amount` ms; `bug` cannot be decided. */
  readonly kind: 'add' | 'read' | 'readAppended' | 'arm' | 'bug'
  readonly amount: number
  readonly ticket?: Ticket<number> | undefined
}

interface CounterChange {
  readonly touched: number
}

type CounterOutcome = Outcome<CounterOperation, number, CounterChange>

const nothing: CounterOutcome = {
  records: [],
  changes: [],
  answers: [],
  timers: [],
  waitsForAppended: false,
}

export class Counter implements Machine<CounterOperation, number, CounterChange> {
  appended = 0
  committedSum = 0
  touched = 0

  decide({ kind, amount, ticket }: CounterOperation, at: Instant): CounterOutcome {
    if (kind === 'bug') throw new Error('a bug in the machine')
    const sum = kind === 'read' ? this.committedSum : this.appended
    const timer = { key: 'tick', deadlineMs: at.nowMs + amount, operation: add(100) }
    return {
      records: kind === 'add' ? [amount] : [],
      changes: kind === 'add' ? [{ touched: 1 }] : [],
      answers: ticket === undefined ? [] : [answer(ticket, kind === 'add' ? sum + amount : sum)],
      timers: kind === 'arm' ? [timer] : [],
      waitsForAppended: kind === 'readAppended',
    }
  }

  replay(record: number): void {
    this.appended += record
  }

  committed(record: number): CounterOutcome {
    this.committedSum += record
    return nothing
  }

  apply({ touched }: CounterChange): void {
    this.touched += touched
  }

  loaded(): CounterOutcome {
    return nothing
  }
}

export function add(amount: number, ticket?: Ticket<number>): CounterOperation {
  return { kind: 'add', amount, ticket }
}
