import type { Output } from "./output.ts";
import { colors } from "./terminal.ts";

export interface Reason {
  readonly action: string;
  /** Index in the action's rules. */
  readonly rule: number;
  readonly matched: boolean;
  readonly explanation: string;
}

/** Rule by rule, why an action starts or not. */
export function printReasons(output: Output, reasons: readonly Reason[]): void {
  for (const { action, rule, matched, explanation } of reasons) {
    const mark = matched ? colors.green("✓ starts") : colors.dim("- does not start");
    output.prose(`  ${mark} ${action} (rule ${rule + 1}): ${explanation}`, 2);
  }
}
