"""SMTP server (aiosmtpd) that stores e-mails, and can reject, delay or disconnect."""

import asyncio
import email
import email.policy
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Self, TypeVar, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.polling import eventually

T = TypeVar("T")

#: Used as a response: closes the connection without one.
HANG_UP = ""


@dataclass(frozen=True)
class Arrived:
    """An accepted e-mail."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)  # type: ignore[return-value]

    def part(self, kind: str) -> str:
        """Return the “plain” or “html” text, with line feeds only."""
        body = self.message.get_body((kind,))
        assert body is not None, f"the mail has no {kind} part"
        return body.get_content().replace("\r\n", "\n")


@dataclass
class Hold:
    """A step at which the server blocks its client."""

    step: str
    reached: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float = 15) -> None:
        """Wait until a client is blocked."""
        assert self.reached.wait(seconds), f"no client reached {self.step}"

    def release(self) -> None:
        self.over.set()


@dataclass
class Refusal:
    """A negative response at a step, a limited number of `times` or always (None)."""

    step: str
    answer: str
    times: int | None


class Sink:
    """The server. Its steps are CONNECT, MAIL, RCPT, DATA (before the e-mail is sent), BODY (before it is accepted) and RSET."""

    def __init__(self, **smtp: Any) -> None:
        #: `timeout`: seconds of silence after which a client is disconnected.
        self._smtp = {"timeout": 30, **smtp}
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._holds: list[Hold] = []
        self._refusals: list[Refusal] = []
        self._open: set[asyncio.WriteTransport] = set()
        self.port = 0
        self.mails: list[Arrived] = []
        #: Number of connections.
        self.connections = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.reset()
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Value for EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start listening, on the same port as before."""
        self._server = self._run(self._loop.create_server(lambda: _Server(self, **self._smtp), "127.0.0.1", self.port))
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Stop listening, and close all connections."""
        if self._server:
            self._loop.call_soon_threadsafe(self._server.close)
            self._server = None
            self.hang_up()

    def reset(self) -> None:
        """Delete all e-mails and instructions, and reset the number of connections."""
        for hold in self._holds:
            hold.release()
        self._holds, self._refusals = [], []
        self.mails.clear()
        self.connections = 0

    def hang_up(self) -> None:
        """Abort all open connections."""
        for transport in list(self._open):
            self._loop.call_soon_threadsafe(transport.abort)
        eventually(lambda: not self._open, "connections are closed")

    def refuse(self, step: str, answer: str, *, times: int | None = None) -> None:
        """Respond with `answer` at `step`, a number of times or always."""
        self._refusals.append(Refusal(step, answer, times))

    @contextmanager
    def holding(self, step: str) -> Iterator[Hold]:
        """Block clients at `step` until released or the end of the block."""
        hold = Hold(step)
        self._holds.append(hold)
        try:
            yield hold
        finally:
            hold.release()
            self._holds.remove(hold)

    def to(self, address: str) -> list[Arrived]:
        """Return the accepted e-mails to this address."""
        return [mail for mail in self.mails if address in mail.recipients]

    def wait_for(self, address: str, *, seconds: float = 15) -> Arrived:
        """Wait for the first e-mail to this address, and return it."""
        return eventually(lambda: self.to(address), f"a mail to {address} arrives", seconds=seconds)[0]

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def answer_at(self, step: str, server: SMTP) -> str | None:
        """Return the negative response at this step, if any."""
        for hold in [hold for hold in self._holds if hold.step == step]:
            hold.reached.set()
            while not hold.over.is_set():
                await asyncio.sleep(0.01)
        refusal = next((r for r in self._refusals if r.step == step and r.times != 0), None)
        if refusal is None:
            return None
        if refusal.times is not None:
            refusal.times -= 1
        if refusal.answer == HANG_UP:
            server.transport.abort()
            # The session is cancelled because its connection is lost.
            await asyncio.Event().wait()
        return refusal.answer


class _Handler:
    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if answer := await self.sink.answer_at("MAIL", server):
            return answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        if answer := await self.sink.answer_at("RCPT", server):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if answer := await self.sink.answer_at("BODY", server):
            return answer
        assert envelope.mail_from and isinstance(envelope.original_content, bytes)
        self.sink.mails.append(Arrived(envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return "250 Taken"


class _Server(SMTP):
    def __init__(self, sink: Sink, **smtp: Any) -> None:
        super().__init__(_Handler(sink), **smtp)
        self.sink = sink

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.sink.connections += 1
        self.sink._open.add(cast(asyncio.WriteTransport, transport))
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        # Removes all closed connections, including this one.
        self.sink._open = {transport for transport in self.sink._open if not transport.is_closing()}

    async def push(self, status: Any) -> None:
        if str(status).startswith("220 ") and (answer := await self.sink.answer_at("CONNECT", self)):
            await super().push(answer)
            self.transport.close()
        else:
            await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if answer := await self.sink.answer_at("DATA", self):
            await self.push(answer)
        else:
            await super().smtp_DATA(arg)

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        if answer := await self.sink.answer_at("RSET", self):
            await self.push(answer)
        else:
            await super().smtp_RSET(arg)
