// Magistrate's plugin for OpenCode: hands what happens to the hook, and lets a call run only on an explicit "allow".
// Written by `magistrate guard opencode`, taken away by `magistrate unguard opencode`.
import { spawn } from "node:child_process"

const HOOK = /*HOOK*/ []
const DRY_RUN = /*DRY_RUN*/ false
const WAIT = /*WAIT*/ 60000

const parents = new Map()

// What the hook answers: its standard output, its standard error and its exit code. Never rejects.
function ask(event, payload) {
  return new Promise((resolve) => {
    let out = ""
    let err = ""
    let done = false
    const finish = (code) => {
      if (done) return
      done = true
      clearTimeout(timer)
      resolve({ out, err, code })
    }
    const timer = setTimeout(() => {
      err = "the hook did not answer in time"
      child?.kill("SIGKILL")
      finish(-1)
    }, WAIT)
    let child
    try {
      const at = HOOK.indexOf("opencode") + 1
      const argv = [...HOOK.slice(0, at), event, ...HOOK.slice(at)]
      child = spawn(argv[0], argv.slice(1), { stdio: ["pipe", "pipe", "pipe"] })
      child.on("error", (error) => {
        err = String(error)
        finish(-1)
      })
      child.stdout.on("data", (piece) => (out += piece))
      child.stderr.on("data", (piece) => (err += piece))
      child.on("close", (code) => finish(code ?? -1))
      child.stdin.on("error", () => {})
      child.stdin.end(JSON.stringify({ ...payload, hook_event_name: event }))
    } catch (error) {
      err = String(error)
      finish(-1)
    }
  })
}

// Throws, which blocks the call, unless the hook says `allow`.
async function gate(event, payload) {
  const reply = await ask(event, payload)
  if (DRY_RUN) return
  let answer = {}
  try {
    answer = JSON.parse(reply.out)
  } catch {}
  if (reply.code === 0 && answer.decision === "allow") return
  throw new Error(answer.reason || reply.err || "Magistrate could not review this, so it was not run.")
}

export const Magistrate = async ({ directory, client }) => {
  const about = async (session) => {
    if (!parents.has(session)) {
      try {
        const found = await client.session.get({ path: { id: session } })
        if (found.data) parents.set(session, found.data.parentID ?? null)
      } catch {}
    }
    // An unknown parent is left out: then nobody in the session is taken for a person.
    return { session_id: session, cwd: directory, parent_id: parents.get(session) }
  }
  // What the agent said last, so that a "yes" of the person has something to answer.
  const lastWords = async (session) => {
    try {
      const found = await client.session.messages({ path: { id: session } })
      const last = (found.data ?? []).filter((message) => message.info?.role === "assistant").at(-1)
      const texts = (last?.parts ?? []).filter((part) => part.type === "text").map((part) => part.text)
      return texts.join("\n")
    } catch {
      return ""
    }
  }
  return {
    event: async ({ event }) => {
      const info = event?.properties?.info
      if (event?.type === "session.created" && info?.id) {
        parents.set(info.id, info.parentID ?? null)
        await ask(event.type, await about(info.id))
      } else if (event?.type === "session.deleted" && info?.id) {
        await ask(event.type, await about(info.id))
        parents.delete(info.id)
      } else if (event?.type === "session.idle" && event.properties?.sessionID) {
        const session = event.properties.sessionID
        const text = await lastWords(session)
        if (text) await ask(event.type, { ...(await about(session)), text })
      }
    },
    "chat.message": async (input, output) => {
      const parts = (output?.parts ?? []).filter((part) => part?.type === "text")
      const texts = (made) => parts.filter((part) => Boolean(part.synthetic) === made).map((part) => part.text)
      const model = input.model ? `${input.model.providerID}/${input.model.modelID}` : undefined
      await ask("chat.message", { ...(await about(input.sessionID)), prompt: texts(false), attached: texts(true), model })
    },
    "tool.execute.before": async (input, output) => {
      await gate("tool.execute.before", {
        ...(await about(input.sessionID)),
        tool_name: input.tool,
        tool_input: output?.args ?? {},
        tool_use_id: input.callID,
      })
    },
    "tool.execute.after": async (input, output) => {
      await ask("tool.execute.after", {
        ...(await about(input.sessionID)),
        tool_name: input.tool,
        tool_use_id: input.callID,
        tool_response: output?.output ?? output?.content ?? null,
      })
    },
  }
}
