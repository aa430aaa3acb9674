"""Believable profiles for `seed_scale`: the same number gives the same profile."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from partnerportal.demo import seed_words as words

T = TypeVar("T")


@dataclass(frozen=True)
class ProfileSketch:
    """What an agency says about itself; services and languages by their places in the lists."""

    tagline: str
    description: str
    city: str
    founded: int
    team_size: str
    open_for_clients: bool
    services: tuple[int, ...]
    languages: tuple[int, ...]


def profile_sketch(number: int) -> ProfileSketch:
    """Of the agency with this number."""
    rng = random.Random(number)  # noqa: S311  # to be the same every time is the point
    return ProfileSketch(
        tagline=rng.choice(words.TAGLINES),
        description="\n\n".join(rng.sample(words.ABOUT, 3)),
        city=rng.choice(words.CITIES)[0],
        founded=rng.randint(1995, 2025),
        team_size=rng.choice(("1", "2-5", "2-5", "6-10", "6-10", "11-25", "26-50", "51+")),
        open_for_clients=rng.random() < 0.85,
        # The first of the lists are the most frequent.
        services=tuple({int(12 * rng.random() ** 1.5) for _ in range(rng.randint(2, 7))}),
        languages=(0, *{1 + int(14 * rng.random() ** 3) for _ in range(rng.randint(0, 3))}),
    )


def some(entries: Sequence[T], places: Sequence[int]) -> list[T]:
    """The entries at these places, as far as the list goes."""
    return [entries[place] for place in places if place < len(entries)]
