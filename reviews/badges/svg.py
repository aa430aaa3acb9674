"""Badges as SVG without style sheets, fonts and scripts."""

from collections.abc import Iterable
from functools import lru_cache

from partnerportal.core.xml_text import xml_text
from reviews.badges.design import MARK, STAR, Badge, Drawing, arranged
from reviews.badges.outlines import outline

MEDIA_TYPE = "image/svg+xml"


@lru_cache(maxsize=512)
def svg(badge: Badge) -> str:
    """Return the SVG document of a badge."""
    drawing = arranged(badge)
    width, height, theme = drawing.width, drawing.height, drawing.theme
    edge = f'width="{width - 1}" height="{height - 1}" rx="{drawing.radius - 0.5:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{xml_text(badge.title)}</title>",
        f'<rect x=".5" y=".5" {edge} fill="{theme.ground}" stroke="{theme.line}"/>',
        *(f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" fill="{theme.line}"/>' for x, y, w, h in drawing.lines),
        *_stars(drawing),
        _mark(drawing),
        *(
            f'<path transform="translate({text.x:.2f} {text.y:g})" fill="{text.fill}" d="{outline(text.text, text.face)}"/>'
            for text in drawing.texts
        ),
        "</svg>",
    ]
    return "".join(parts)


def _stars(drawing: Drawing) -> Iterable[str]:
    """Yield five empty stars, and the filled part of five others on top of them."""
    if drawing.stars is None:
        return
    left, top, size, filled = drawing.stars
    path = "".join(_polygon([(x + 20 * star, y) for x, y in STAR]) for star in range(5))
    for fill, number in ((drawing.theme.empty, 5.0), (drawing.theme.star, filled)):
        yield (
            f'<svg x="{left:.2f}" y="{top:g}" width="{number * size:.2f}" height="{size:g}" viewBox="0 0 {number * 20:.2f} 20">'
            f'<path fill="{fill}" d="{path}"/></svg>'
        )


def _mark(drawing: Drawing) -> str:
    left, top, height = drawing.mark
    pale, strong = (_polygon(corners) for corners in MARK)
    return (
        f'<g transform="translate({left:.2f} {top:g}) scale({height / 24:.4f})">'
        f'<path fill="{drawing.theme.pale}" d="{pale}"/><path fill="{drawing.theme.mark}" d="{strong}"/></g>'
    )


def _polygon(corners: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in corners) + "Z"
