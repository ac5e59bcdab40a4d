// Everything a small generator can produce, one case after the other. Where the space is small
// enough, this beats any number of random cases: it proves.

/** Answers a question of the generator with each of 0 to options - 1 in turn. */
export interface Choices {
  /** An integer in [0, options). */
  choose(options: number): number
  /** Each of the items in turn. */
  pick<T>(items: readonly T[]): T
  boolean(): boolean
}

export interface ExhaustiveOptions {
  /**
   * Fails when there are more cases: the space is larger than was thought. 1,000,000 if left out.
   */
  readonly maxCases?: number
}

/**
 * Runs `run` once for every sequence of answers it can get. What it asks may depend on earlier
 * answers, but on nothing else. Returns the number of cases. A failure's message ends with the
 * answers that led to it.
 */
export function exhaustive(
  run: (choices: Choices) => void,
  options: ExhaustiveOptions = {},
): number {
  const { maxCases = 1_000_000 } = options
  const path = new Path()
  let cases = 0
  do {
    cases += 1
    if (cases > maxCases) throw new Error(`more than ${maxCases} cases`)
    path.restart()
    try {
      run(path)
    } catch (error) {
      if (error instanceof Error) error.message += ` (choices ${path.describe()})`
      throw error
    }
  } while (path.advance())
  return cases
}

/** Runs the one case with these answers: how a failing case becomes a test of its own. */
export function replayChoices(run: (choices: Choices) => void, answers: readonly number[]): void {
  run(new Path(answers))
}

interface Step {
  readonly options: number
  answer: number
}

class Path implements Choices {
  /** The answers of this run, then what is left over of the run before. */
  readonly #steps: Step[]
  #position = 0

  constructor(answers: readonly number[] = []) {
    this.#steps = answers.map(answer => ({ options: Number.NaN, answer }))
  }

  choose(options: number): number {
    if (options < 1) throw new RangeError('there is something to choose from')
    let step = this.#steps[this.#position]
    if (step === undefined) {
      step = { options, answer: 0 }
      this.#steps.push(step)
    } else if (step.options !== options && !Number.isNaN(step.options)) {
      throw new Error('the generator asks different questions after the same answers')
    }
    this.#position += 1
    return step.answer
  }

  pick<T>(items: readonly T[]): T {
    return items[this.choose(items.length)] as T
  }

  boolean(): boolean {
    return this.choose(2) === 1
  }

  restart(): void {
    this.#position = 0
  }

  /** Moves on to the next sequence, as an odometer does. False when there is none. */
  advance(): boolean {
    this.#steps.length = this.#position
    for (;;) {
      const last = this.#steps.at(-1)
      if (last === undefined) return false
      if (last.answer + 1 < last.options) {
        last.answer += 1
        return true
      }
      this.#steps.pop()
    }
  }

  describe(): string {
    return `[${this.#steps
      .slice(0, this.#position)
      .map(step => step.answer)
      .join(', ')}]`
  }
}
