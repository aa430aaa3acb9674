"""Arrangement of badges as shapes and texts, in pixels."""

from dataclasses import dataclass, field
from decimal import Decimal

from partnerportal.network.preview_images import SANS, SERIF
from reviews.badges.outlines import Face, can_draw, shortened, width

#: Corners of one star in a box of 20 × 20, as in the sprite of icons.
STAR = (
    (10, 1.8), (12.66, 7.19), (18.61, 8.05), (14.3, 12.25), (15.32, 18.17),
    (10, 15.37), (4.68, 18.17), (5.7, 12.25), (1.39, 8.05), (7.34, 7.19),
)  # fmt: skip
#: Corners of the two diamonds of the portal's mark in a box of 30 × 24, the pale one first.
MARK = (((20, 2), (28, 12), (20, 22), (12, 12)), ((10, 2), (18, 12), (10, 22), (2, 12)))


@dataclass(frozen=True)
class Theme:
    """Colours of a badge. `pale` is the second diamond of the mark."""

    ground: str
    line: str
    ink: str
    soft: str
    star: str
    empty: str
    mark: str
    pale: str


THEMES = {
    "light": Theme("#ffffff", "#dedad2", "#16212e", "#465260", "#d98a00", "#d9d4ca", "#0b6660", "#92bcb9"),
    "dark": Theme("#16212e", "#33414f", "#ffffff", "#b9c4ce", "#f2b134", "#3f4c5a", "#6fd3c9", "#437a7c"),
}

_NUMBER, _WORD = Face(SERIF, 42, 600), Face(SERIF, 32, 600)
_LEAD, _COUNT = Face(SANS, 14, 600), Face(SANS, 13, 450)
_NAME, _SITE = Face(SANS, 12, 600), Face(SANS, 12, 450)
_SMALL_NUMBER, _SMALL_COUNT = Face(SANS, 15, 700), Face(SANS, 13, 450)

#: Size of a badge that isn't compact, in pixels.
WIDTH, HEIGHT = 304, 112
#: Height of a compact badge, whose width depends on its texts.
COMPACT_HEIGHT = 38
_MARGIN = 20


@dataclass(frozen=True)
class Badge:
    """What a badge says, in one language. `rating` is None as long as it is new."""

    name: str
    site: str
    #: Description for screen readers.
    title: str
    #: The rating, or “New”.
    number: str
    count: str
    #: Shown in place of `count` on compact badges, and where that doesn't fit.
    short_count: str
    rating: Decimal | None = None
    #: Shown in place of the stars of a new one.
    lead: str = ""
    theme: str = "light"
    is_compact: bool = False


@dataclass(frozen=True)
class Text:
    """A text whose baseline begins at a point."""

    x: float
    y: float
    text: str
    face: Face
    fill: str


@dataclass
class Drawing:
    """Shapes of a badge on its rounded ground."""

    theme: Theme
    width: int
    height: int
    radius: float
    texts: list[Text] = field(default_factory=list)
    #: Left, top, width and height of thin lines.
    lines: list[tuple[float, float, float, float]] = field(default_factory=list)
    #: Left, top and height of the stars, and how many of them are filled.
    stars: tuple[float, float, float, float] | None = None
    #: Left, top and height of the mark.
    mark: tuple[float, float, float] = (0, 0, 0)

    def write(self, x: float, y: float, text: str, face: Face, fill: str) -> float:
        """Add a text, and return where it ends."""
        self.texts.append(Text(x, y, text, face, fill))
        return x + width(text, face)


def arranged(badge: Badge) -> Drawing:
    """Return the drawing of a badge."""
    return _compact(badge) if badge.is_compact else _card(badge)


def _card(badge: Badge) -> Drawing:
    theme = THEMES[badge.theme]
    card = Drawing(theme, WIDTH, HEIGHT, radius=14)
    face = _NUMBER if badge.rating is not None else _WORD
    column = card.write(_MARGIN, 56 if badge.rating is not None else 52, badge.number, face, theme.ink) + 16
    if badge.rating is None:
        card.write(column, 35, shortened(badge.lead, _LEAD, WIDTH - _MARGIN - column), _LEAD, theme.ink)
    else:
        # A star has a margin in its box.
        card.stars = (column - 1.5, 17, 22, float(badge.rating))
    count = badge.count if column + width(badge.count, _COUNT) <= WIDTH - _MARGIN else badge.short_count
    card.write(column, 56, count, _COUNT, theme.soft)
    card.lines.append((0.5, 76, WIDTH - 1, 1))
    baseline, site = 98, width(badge.site, _SITE)
    left = WIDTH - _MARGIN - site
    card.write(left, baseline, badge.site, _SITE, theme.soft)
    card.mark = (left - 22, baseline - 10.4, 12.8)
    # The name is left out if the font lacks one of its characters. The description has it.
    if can_draw(badge.name, _NAME):
        card.write(_MARGIN, baseline, shortened(badge.name, _NAME, left - 22 - 12 - _MARGIN), _NAME, theme.ink)
    else:
        card.mark, card.texts[-1] = (_MARGIN, baseline - 10.4, 12.8), Text(_MARGIN + 22, baseline, badge.site, _SITE, theme.soft)
    return card


def _compact(badge: Badge) -> Drawing:
    theme = THEMES[badge.theme]
    pill = Drawing(theme, 0, COMPACT_HEIGHT, radius=COMPACT_HEIGHT / 2)
    baseline, x = 24, 15.0
    if badge.rating is not None:
        pill.stars = (x - 1, 11, 16, float(badge.rating))
        x += 86
    x = pill.write(x, baseline, badge.number, _SMALL_NUMBER, theme.ink) + 8
    x = pill.write(x, baseline, badge.short_count, _SMALL_COUNT, theme.soft) + 12
    pill.lines.append((round(x), 11, 1, 16))
    pill.mark = (round(x) + 12, 12.5, 13)
    pill.width = round(x) + 12 + 17 + 15
    return pill
