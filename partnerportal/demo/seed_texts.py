"""Random names, addresses and texts for `seed_scale`."""

import random
from bisect import bisect
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Generic, TypeVar

from partnerportal.demo import seed_words as words

T = TypeVar("T")

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "é": "e", "è": "e", "ë": "e", "á": "a", "ï": "i", "ç": "c", "ć": "c"})


class Skewed(Generic[T]):
    """Values that are picked with a frequency that decreases with their position (Zipf's law)."""

    def __init__(self, values: Sequence[T], exponent: float = 0.8) -> None:
        self.values = values
        self._cumulated = list(accumulate((rank + 2) ** -exponent for rank in range(len(values))))

    def pick(self, rng: random.Random) -> T:
        return self.values[bisect(self._cumulated, rng.random() * self._cumulated[-1])]


FIRST_NAMES, SURNAMES, TRADES = Skewed(words.FIRST_NAMES), Skewed(words.SURNAMES), Skewed(words.TRADES, 0.5)
CITIES, STREETS = Skewed(words.CITIES), Skewed(words.STREETS)


def surname(rng: random.Random) -> str:
    """Return a surname: usually a frequent one, otherwise one of thousands."""
    chance = rng.random()
    if chance < 0.7:
        return SURNAMES.pick(rng)
    name = rng.choice(words.SURNAME_BEGINNINGS) + rng.choice(words.SURNAME_ENDS)
    return name if chance < 0.97 else f"{name}-{SURNAMES.pick(rng)}"


def company(rng: random.Random, surname: str) -> tuple[str, str]:
    """Return a company name and the first label of its domain name."""
    trade, form, chance = TRADES.pick(rng), rng.choice(words.LEGAL_FORMS), rng.random()
    if chance < 0.45:
        name, base = f"{surname} {trade}", f"{surname}-{trade}"
    elif chance < 0.65:
        name, base = f"{trade} {surname}", f"{trade}-{surname}"
    elif chance < 0.75:
        name, base = f"{surname} & {SURNAMES.pick(rng)} {trade}", f"{surname}-partner"
    elif chance < 0.8:
        name, base = f"{surname} & Söhne", f"{surname}-soehne"
    else:
        brand = "".join(rng.choice(words.SYLLABLES) for _ in range(3)).capitalize()
        name, base = f"{brand} {trade}", brand
    return f"{name} {form}".rstrip(), ascii_letters(base)


def email(rng: random.Random, *, first_name: str, last_name: str, domain: str, is_company: bool) -> str:
    """Return an e-mail address. Addresses of companies use their domain."""
    if is_company and rng.random() < 0.5:
        return f"{rng.choice(('info', 'info', 'info', 'kontakt', 'buero', 'mail', 'office'))}@{domain}"
    first, last = ascii_letters(first_name) or "kontakt", ascii_letters(last_name) or "buero"
    name = rng.choice((f"{first}.{last}", f"{first}.{last}", f"{first[:1]}.{last}", last))
    if is_company:
        return f"{name}@{domain}"
    return f"{name}{int(rng.random() * 100)}@{rng.choice(('post', 'mail', 'web', 'freemail'))}.example"


def phone(rng: random.Random, country: str, dial: str) -> str:
    """Return a phone number in one of several spellings."""
    prefix = {"DE": "+49", "AT": "+43", "CH": "+41"}[country]
    if rng.random() < 0.25:
        dial = rng.choice(("151", "160", "171", "172", "176", "179"))
    number = str(int(10**5 + rng.random() * 9 * 10**6))
    chance = rng.random()
    if chance < 0.5:
        return f"{prefix} {dial} {number}"
    if chance < 0.8:
        return f"0{dial} {number[:3]} {number[3:]}"
    return f"(0{dial}) {number[:-2]}-{number[-2:]}"


def domain_label(name: str) -> str:
    """Return a domain label with umlauts from the first two words of a name."""
    parts = name.lower().replace("&", " ").split()[:2]
    return "-".join(part for part in parts if part.replace("-", "").isalpha()).strip("-") or "kontor"


def review_text(rng: random.Random, stars: int) -> str:
    """Return sentences that match the rating. One review in five has no text."""
    if rng.random() < 0.2:
        return ""
    sentences = words.PRAISE if stars > 3 else words.CRITICISM
    return " ".join(dict.fromkeys(rng.choice(sentences) for _ in range(rng.choice((1, 1, 2, 3, 4)))))


@lru_cache(maxsize=20_000)
def ascii_letters(name: str) -> str:
    """Return a name in ASCII letters, such as “groesse” for “Größe”."""
    spelled = name.lower().translate(_UMLAUTS)
    return "".join(letter for letter in spelled if letter.isascii() and (letter.isalnum() or letter == "-"))
