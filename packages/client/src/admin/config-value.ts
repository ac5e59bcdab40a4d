// Values of configs as Kafka takes them: text.

export type ConfigValue = string | number | boolean

export function textOf(value: ConfigValue): string {
  return `${value}`
}
