// Asks cc-safety-net about one action after another: same lines in and out as adapters.py. Its library takes shell commands only.
import { createInterface } from "node:readline";
import { checkCommand } from "cc-safety-net/api";

for await (const line of createInterface({ input: process.stdin })) {
  const payload = JSON.parse(line);
  let answer = { decision: "none", warned: false };
  const began = process.hrtime.bigint();
  try {
    if (payload.hook_event_name === "PreToolUse" && payload.tool_name === "Bash") {
      answer.decision = checkCommand({ command: payload.tool_input.command, cwd: payload.cwd }).kind;
    }
  } catch (error) {
    answer = { failed: String(error).slice(0, 200) };
  }
  answer.us = Number((process.hrtime.bigint() - began) / 1000n);
  process.stdout.write(JSON.stringify(answer) + "\n");
}
