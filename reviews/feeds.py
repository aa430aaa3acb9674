"""Feeds of public reviews: Atom (RFC 4287) with paging (RFC 5005), and JSON Feed 1.1."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from partnerportal.core.xml_text import xml_text

ATOM, JSON = "application/atom+xml", "application/feed+json"


@dataclass(frozen=True)
class Entry:
    """A review in a feed. `id` is permanent."""

    id: str
    address: str
    title: str
    text: str
    author: str
    published: datetime
    updated: datetime


@dataclass(frozen=True)
class Feed:
    """A page of a feed. `next` and `previous` are addresses of other pages, empty if there are none."""

    id: str
    title: str
    language: str
    #: Address of the profile, of this page and of the first one.
    profile: str
    address: str
    first: str
    next: str
    previous: str
    updated: datetime
    entries: list[Entry]


def atom(feed: Feed) -> str:
    """Return the feed as an Atom document."""
    links = [("self", feed.address, ATOM), ("alternate", feed.profile, "text/html"), ("first", feed.first, ATOM)]
    links += [(name, address, ATOM) for name, address in (("next", feed.next), ("previous", feed.previous)) if address]
    parts = [
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{feed.language}">',
        f"<id>{xml_text(feed.id)}</id><title>{xml_text(feed.title)}</title><updated>{_date(feed.updated)}</updated>",
        *(f'<link rel="{name}" type="{kind}" href="{xml_text(address)}"/>' for name, address, kind in links),
        *(part for entry in feed.entries for part in _atom_entry(entry)),
        "</feed>\n",
    ]
    return "\n".join(parts)


def _atom_entry(entry: Entry) -> Iterator[str]:
    yield f"<entry><id>{xml_text(entry.id)}</id><title>{xml_text(entry.title)}</title>"
    yield f'<link rel="alternate" type="text/html" href="{xml_text(entry.address)}"/>'
    yield f"<author><name>{xml_text(entry.author)}</name></author>"
    yield f"<published>{_date(entry.published)}</published><updated>{_date(entry.updated)}</updated>"
    yield f'<content type="text">{xml_text(entry.text)}</content></entry>'


def json_feed(feed: Feed) -> str:
    """Return the feed as a JSON Feed."""
    data: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.profile,
        "feed_url": feed.address,
        **({"next_url": feed.next} if feed.next else {}),
        "language": feed.language,
        "items": [
            {
                "id": entry.id,
                "url": entry.address,
                "title": entry.title,
                "content_text": entry.text,
                "date_published": _date(entry.published),
                "date_modified": _date(entry.updated),
                "authors": [{"name": entry.author}],
            }
            for entry in feed.entries
        ],
    }
    return json.dumps(data, ensure_ascii=False)


def _date(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
