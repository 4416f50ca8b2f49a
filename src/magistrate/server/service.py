"""What the server does with one message of a host: decode, hear, decide, make durable, encode. Fails closed at each step.

Nothing is answered before it is on disk. Whatever goes wrong becomes the adapter's explicit denial, and is recorded where
the ledger still takes it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from magistrate.core.errors import InputError, LedgerError, MagistrateError
from magistrate.core.protocols import Adapter, let_go
from magistrate.core.records import Action, Heard, Reply, RunStarted, Verdict
from magistrate.gate import Gate
from magistrate.hosts.live import ADAPTERS, APPROVING
from magistrate.server.commits import Commits
from magistrate.server.runs import Live, Runs, call_of
from magistrate.server.spool import Asked, Spool

LOG = logging.getLogger("magistrate")
MARGIN = 0.3
"""Seconds before the hook's deadline by which reviewers have to be done, for the verdict to be recorded and told."""
MAX_SEEN = 10_000
MAX_KEPT = 2000
"""Characters of a payload that could not be read which are kept for the record."""


class Service:
    """Answers hooks."""

    def __init__(
        self,
        gate: Gate,
        commits: Commits,
        *,
        adapters: Mapping[str, Adapter] = ADAPTERS,
        approving: Mapping[str, Adapter] = APPROVING,
        spool: Spool | None = None,
    ) -> None:
        self.commits = commits
        self.runs = Runs(gate, commits)
        self._revision = gate.rulebook.revision
        self.served = 0
        self.refused = 0
        self._adapters, self._approving, self._spool = adapters, approving, spool
        self._seen: OrderedDict[str, bool] = OrderedDict()
        self._tasks: set[asyncio.Task[Any]] = set()

    def known(self, nonce: str) -> bool:
        """Whether this call of a hook is being answered or has been."""
        return nonce in self._seen

    async def answer(self, asked: Asked) -> Reply:
        """The host's answer. Never raises, but for cancellation."""
        self.served += 1
        adapter = (self._approving if asked.approve else self._adapters).get(asked.host) or self._adapters.get(
            asked.host
        )
        if adapter is None:
            return _unknown(asked.host)
        self._note(asked.nonce)
        # Whoever gives up waiting does not take the record with them.
        work = asyncio.create_task(self._answered(adapter, asked))
        self._tasks.add(work)
        work.add_done_callback(self._tasks.discard)
        try:
            async with asyncio.timeout(max(asked.until - MARGIN / 2 - time.monotonic(), 0.05)):
                return await asyncio.shield(work)
        except TimeoutError:
            kept = self._keep(asked, "no decision came in time")
            work.add_done_callback(lambda done: self._spool.remove(kept) if self._spool and kept else None)
            return self._refuse(adapter, asked, "no decision came in time")

    async def _answered(self, adapter: Adapter, asked: Asked) -> Reply:
        try:
            heard = adapter.decode(asked.event, asked.payload)
        except Exception as error:  # noqa: BLE001  what cannot be read is denied
            why = error.what if isinstance(error, InputError) else f"{type(error).__name__} in the adapter"
            await self._unreadable(asked, why)
            return self._refuse(adapter, asked, why)
        try:
            verdict = await self.judge(heard, asked)
            return adapter.encode(heard, verdict, self._ticket(verdict))
        except Exception as error:
            LOG.warning("%s %s: %s", asked.host, asked.event, error, exc_info=not isinstance(error, MagistrateError))
            self._keep(asked, _told(error))
            return self._refuse(adapter, asked, _told(error))

    def _ticket(self, verdict: Verdict | None) -> str:
        """What the agent is told to ask for a ruling on: nothing, where it may hear of nothing."""
        return verdict.ticket if verdict and self.runs.gate.telling != "nothing" else ""

    async def judge(self, heard: Heard, asked: Asked) -> Verdict | None:
        """Hear what happened, decide on what waits, and return when both are on disk. Raises MagistrateError and bugs."""
        while True:
            live = self.runs.get(heard.run, heard.started)
            async with live.lock:
                if not self.runs.holds(heard.run, live):
                    continue  # another lost its place in the ledger meanwhile
                live.run.mode = "dry-run" if asked.dry_run else "enforce"
                await live.listen(heard)
                verdict = await self._decided(live, heard, asked)
            await self.commits.durable()
            if verdict and verdict.ticket and verdict.decision == "escalate" and asked.wait and not asked.dry_run:
                verdict = await self._waited(live, heard, asked, verdict)
            if heard.ended:
                self.runs.drop(heard.run)
            return verdict

    async def _decided(self, live: Live, heard: Heard, asked: Asked) -> Verdict | None:
        if heard.action is None:
            return None
        call = call_of(heard.action, heard.event, asked.nonce)
        known = live.answered(call)
        if asked.denied:
            why = f"the hook denied it: {asked.denied}"
            return live.withdraw(call, known, why) if known else live.refuse(call, why)
        within = asked.until - asked.wait - MARGIN - time.monotonic()
        if within <= 0 and not asked.dry_run:
            return known if known and known.decision != "allow" else live.refuse(call, "no time was left to review it")
        try:
            return await live.again(call, known) if known else await live.decide(call, within)
        except LedgerError:
            raise
        except Exception as error:
            LOG.exception("the gate failed")
            return live.refuse(call, f"the gate failed: {type(error).__name__}: {error}")

    async def _waited(self, live: Live, heard: Heard, asked: Asked, verdict: Verdict) -> Verdict:
        """The verdict once a person has decided, or the same when nobody does while the host waits."""
        assert heard.action  # noqa: S101  there is a verdict
        call = call_of(heard.action, heard.event, asked.nonce)
        left = min(asked.wait, asked.until - MARGIN - time.monotonic())
        settled = live.keep(call, await live.run.wait(call.action, verdict, left))
        await self.commits.durable()
        return settled

    async def _unreadable(self, asked: Asked, why: str) -> bool:
        """Record a message that could not be read, in a run of such messages of this host; whether the ledger took it."""
        text = asked.payload[:MAX_KEPT].decode("utf-8", "replace")
        action = Action(
            tool="unreadable",
            arguments={"event": asked.event, "why": why, "bytes": len(asked.payload), "begins": text},
            call_id=f"hook-{asked.nonce}",
        )
        heard = Heard(
            host=asked.host,
            event=asked.event,
            run=f"{asked.host}/unreadable",
            started=RunStarted(host=asked.host),
            action=action,
        )
        try:
            await self.judge(heard, replace(asked, denied=asked.denied or f"it cannot be read: {why}"))
            return True
        except Exception as error:  # noqa: BLE001  it is denied either way
            LOG.warning("an unreadable message could not be recorded: %s", error)
            self._keep(asked, why)
            return False

    def _keep(self, asked: Asked, why: str) -> str:
        """Put what could not be recorded into the spool, for later; its name there, empty when it could not be kept."""
        if self._spool is None or asked.denied:
            return ""
        self._seen.pop(asked.nonce, None)
        try:
            return self._spool.write(replace(asked, denied="" if asked.dry_run else why))
        except OSError as error:
            LOG.warning("nothing can be kept: %s", error)
            return ""

    async def drain(self) -> None:
        """Record what hooks left in the spool, oldest first. What the ledger does not take stays there."""
        for name in self._spool.names() if self._spool else ():
            assert self._spool  # noqa: S101
            asked = self._spool.read(name)
            # What a hook denied by itself is recorded even where a verdict was made: it came too late.
            if asked and (asked.denied or not self.known(asked.nonce)):
                adapter = self._adapters.get(asked.host)
                if adapter and not await self._recorded(adapter, asked):
                    return
            self._spool.remove(name)

    async def _recorded(self, adapter: Adapter, asked: Asked) -> bool:
        """Record a message from the spool; whether the ledger took it."""
        try:
            heard = adapter.decode(asked.event, asked.payload)
        except Exception as error:  # noqa: BLE001
            return await self._unreadable(asked, str(error)[:200])
        try:
            await self.judge(heard, asked)
        except LedgerError:
            return False
        except Exception:
            LOG.exception("a message in the spool could not be recorded")
        return True

    def _refuse(self, adapter: Adapter, asked: Asked, why: str) -> Reply:
        self.refused += 1
        return adapter.refuse(asked.event, why)

    def _note(self, nonce: str) -> None:
        if nonce:
            self._seen[nonce] = True
            if len(self._seen) > MAX_SEEN:
                self._seen.popitem(last=False)

    def state(self) -> dict[str, Any]:
        """What was done so far, for whoever asks how it goes."""
        return {
            "served": self.served,
            "refused": self.refused,
            "runs": len(self.runs),
            "ledger": self.commits.ledger.path,
            "checkpoint": self.commits.ledger.checkpoint,
            "revision": self._revision,
        }

    async def finish(self) -> None:
        """Let what is under way come to its end, and make it durable."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
        await self.commits.durable()
        await let_go(self.runs.gate.reviewers)


class Refusing:
    """Stands in for a service that cannot be had (no ledger, no rulebook): denies everything, and keeps it for the record."""

    def __init__(self, why: str, spool: Spool) -> None:
        self.served = self.refused = 0
        self._why, self._spool = why, spool

    async def answer(self, asked: Asked) -> Reply:
        """A denial in the host's words."""
        self.served += 1
        self.refused += 1
        try:
            self._spool.write(replace(asked, denied="" if asked.dry_run else self._why))
        except OSError as error:
            LOG.warning("nothing can be kept: %s", error)
        adapter = ADAPTERS.get(asked.host)
        return adapter.refuse(asked.event, self._why) if adapter else _unknown(asked.host)

    async def drain(self) -> None:
        """What lies in the spool waits for a service."""

    async def finish(self) -> None:
        """Nothing is under way."""

    def state(self) -> dict[str, Any]:
        """Why everything is denied."""
        return {"served": self.served, "refused": self.refused, "refusing": self._why}


def _told(error: Exception) -> str:
    """What the host hears of an error: no paths, no internals."""
    if isinstance(error, LedgerError):
        return "the verdict could not be recorded"
    return "it could not be decided"


def _unknown(host: str) -> Reply:
    return Reply(stderr=f"Magistrate knows no host {host[:80]!r}, so nothing is allowed.", exit=2)
