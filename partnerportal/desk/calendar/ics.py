"""Calendar feeds as iCalendar (RFC 5545, with the properties of RFC 7986)."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event
from icalendar.prop import vDDDTypes, vDuration, vInt, vText, vUri

from partnerportal.core.code_version import code_version
from partnerportal.desk.calendar.entries import Entry

#: How often calendar programs are asked to read a feed.
REFRESH_INTERVAL = timedelta(hours=1)
#: Entries in a part of the response.
PART = 50


class Text(vText):
    """A text that is escaped by RFC 5545, 3.3.11. `vText` takes “\\N”, such as in `C:\\New`, for a line break."""

    def to_ical(self) -> bytes:
        escaped = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        return escaped.replace("\r\n", "\\n").replace("\n", "\\n").encode()


def etag_of(name: str, entries: list[Entry]) -> str:
    """Return the ETag of a calendar, which changes with its contents and with the code that writes it."""
    digest = hashlib.sha256(repr((name, entries, code_version())).encode())
    return f'"{digest.hexdigest()[:32]}"'


def write_calendar(name: str, language: str, entries: list[Entry]) -> Iterator[bytes]:
    """Yield a calendar in parts."""
    calendar = Calendar()
    calendar.add("prodid", f"-//Partner Portal//{urlsplit(settings.SITE_URL).hostname}//{language.upper()}")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar["name"] = calendar["x-wr-calname"] = Text(name)
    calendar.add("refresh-interval", REFRESH_INTERVAL, parameters={"VALUE": "DURATION"})
    # The same for Outlook.
    calendar["x-published-ttl"] = vDuration(REFRESH_INTERVAL)
    begin, end = calendar.to_ical().split(b"END:VCALENDAR")
    yield begin
    for first in range(0, len(entries), PART):
        yield b"".join(_event(entry).to_ical() for entry in entries[first : first + PART])
    yield b"END:VCALENDAR" + end


def _event(entry: Entry) -> Event:
    # Typed values, because finding out their types takes as long as writing them.
    event, changed_at = Event(), vDDDTypes(entry.changed_at.astimezone(UTC).replace(microsecond=0))
    event["UID"] = vText(f"{entry.key}@{urlsplit(settings.SITE_URL).hostname}")
    # Not the time of the response, with which each response would differ.
    event["DTSTAMP"] = event["LAST-MODIFIED"] = changed_at
    event["SEQUENCE"] = vInt(entry.sequence)
    # Dates without times are the same day in every time zone. The end is exclusive.
    event["DTSTART"], event["DTEND"] = vDDDTypes(entry.day), vDDDTypes(entry.day + timedelta(days=1))
    event["SUMMARY"], event["DESCRIPTION"] = Text(entry.summary), Text(entry.description)
    event["URL"] = vUri(entry.url)
    event["TRANSP"] = vText("TRANSPARENT")
    return event
