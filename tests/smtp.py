"""A real mail server (aiosmtpd) on a free loopback port: it keeps what it accepts, and can be told to refuse, to wait, to hang up."""

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

#: Instead of an answer: the connection is closed without a word.
HANG_UP = ""


@dataclass(frozen=True)
class Arrived:
    """A mail that the server said yes to."""

    sender: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)  # type: ignore[return-value]

    def part(self, kind: str) -> str:
        """The “plain” or “html” text, with plain line ends."""
        body = self.message.get_body((kind,))
        assert body is not None, f"the mail has no {kind} part"
        return body.get_content().replace("\r\n", "\n")


@dataclass
class Hold:
    """A step at which the server keeps its client waiting."""

    step: str
    reached: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float = 15) -> None:
        """Until a client waits there."""
        assert self.reached.wait(seconds), f"nobody got as far as {self.step}"

    def release(self) -> None:
        self.over.set()


@dataclass
class Refusal:
    """What the server says at a step instead of yes; `times` None is: from now on."""

    step: str
    answer: str
    times: int | None


class Sink:
    """The server. Its steps are CONNECT, MAIL, RCPT, DATA (before the mail is sent), BODY (the mail is there, the yes is not), RSET."""

    def __init__(self, **smtp: Any) -> None:
        #: A client that is silent for so many seconds is hung up on.
        self._smtp = {"timeout": 30, **smtp}
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._holds: list[Hold] = []
        self._refusals: list[Refusal] = []
        self._open: set[asyncio.WriteTransport] = set()
        self.port = 0
        self.mails: list[Arrived] = []
        #: How often somebody connected.
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
        """For EMAIL_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen; after a stop, on the same port."""
        self._server = self._run(self._loop.create_server(lambda: _Server(self, **self._smtp), "127.0.0.1", self.port))
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Listen no longer, and hang up."""
        if self._server:
            self._loop.call_soon_threadsafe(self._server.close)
            self._server = None
            self.hang_up()

    def reset(self) -> None:
        """Forget all mails and instructions, and the count of connections."""
        for hold in self._holds:
            hold.release()
        self._holds, self._refusals = [], []
        self.mails.clear()
        self.connections = 0

    def hang_up(self) -> None:
        """Close the connections that are open, without a word."""
        for transport in list(self._open):
            self._loop.call_soon_threadsafe(transport.abort)
        eventually(lambda: not self._open, "connections are closed")

    def refuse(self, step: str, answer: str, *, times: int | None = None) -> None:
        """Say `answer` at `step`, so many times or from now on."""
        self._refusals.append(Refusal(step, answer, times))

    @contextmanager
    def holding(self, step: str) -> Iterator[Hold]:
        """Keep whoever gets to `step` waiting, until released or the block ends."""
        hold = Hold(step)
        self._holds.append(hold)
        try:
            yield hold
        finally:
            hold.release()
            self._holds.remove(hold)

    def to(self, address: str) -> list[Arrived]:
        """The mails accepted for this address so far."""
        return [mail for mail in self.mails if address in mail.recipients]

    def wait_for(self, address: str, *, seconds: float = 15) -> Arrived:
        """The first mail to this address, as soon as it is there."""
        return eventually(lambda: self.to(address), f"a mail to {address} arrives", seconds=seconds)[0]

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def answer_at(self, step: str, server: SMTP) -> str | None:
        """What is to be said at this step instead of yes."""
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
            # Until the session is cancelled, which the loss of its connection does.
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
        # Those that are gone, this one among them.
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
