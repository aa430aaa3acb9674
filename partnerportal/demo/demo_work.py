"""Pictures of the demo agencies' work: first screens of websites."""

import math
from collections.abc import Callable
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageDraw

from partnerportal.network.preview_images import SANS, SERIF, sized_font
from partnerportal.network.services.work import ProcessedPicture, process_work_picture

#: Size of the drawings, in pixels, which is twice that of the pictures, so that edges are smooth.
WIDTH, HEIGHT = 2400, 1600

Pen = ImageDraw.ImageDraw
Box = tuple[float, float, float, float]


class DemoWork(NamedTuple):
    """A work sample: its title, link and alternative text, and the website in the picture."""

    title: str
    link: str
    alt_text: str
    #: Name and headline of the website.
    site: str
    headline: tuple[str, ...]
    #: Colours of the background, texts and buttons.
    colours: tuple[str, str, str]
    #: Draws the large image of the website into a box.
    scene: Callable[[Pen], None]


def demo_picture(work: DemoWork) -> ProcessedPicture:
    """Return the picture of a work sample."""
    ground, ink, accent = work.colours
    image = Image.new("RGB", (WIDTH, HEIGHT), ground)
    pen = ImageDraw.Draw(image)
    work.scene(pen)
    pen.rectangle((0, 0, WIDTH, 190), ground)
    pen.text((130, 95), work.site, font=sized_font(SERIF, 64, 600), fill=ink, anchor="lm")
    for place, word in enumerate(("Contact", "Journal", "About")):
        pen.text((WIDTH - 130 - place * 260, 95), word, font=sized_font(SANS, 42, 400), fill=ink, anchor="rm")
    for line, words in enumerate(work.headline):
        pen.text((130, 520 + line * 165), words, font=sized_font(SERIF, 148, 600), fill=ink, anchor="lm")
    top = 520 + len(work.headline) * 165 + 40
    pen.rounded_rectangle((130, top, 610, top + 130), 65, accent)
    pen.text((370, top + 65), "Find out more", font=sized_font(SANS, 46, 600), fill=ground, anchor="mm")
    stream = BytesIO()
    image.resize((WIDTH // 2, HEIGHT // 2), Image.Resampling.LANCZOS).save(stream, "PNG")
    stream.seek(0)
    return process_work_picture(stream)


def _mill(pen: Pen) -> None:
    pen.ellipse((1330, 300, 1750, 720), "#f4c95d")
    for rise, colour in ((1080, "#d9b65c"), (1230, "#c29a3f"), (1400, "#8c6d2c")):
        pen.polygon(_hill(rise, 60), colour)
    pen.polygon([(1820, 1260), (1880, 640), (2060, 640), (2120, 1260)], "#7b4a2e")
    pen.polygon([(1860, 650), (1970, 520), (2080, 650)], "#4f2f1e")
    for turn in range(4):
        angle = math.radians(turn * 90 + 24)
        across = (math.cos(angle), math.sin(angle))
        corners = ((60, -14), (430, -14), (430, 86), (60, 86))
        pen.polygon([(1970 + x * across[0] - y * across[1], 650 + x * across[1] + y * across[0]) for x, y in corners], "#fffaf0")
    pen.ellipse((1930, 610, 2010, 690), "#4f2f1e")


def _dunes(pen: Pen) -> None:
    pen.rectangle((0, 190, WIDTH, 1000), "#d5e7ea")
    pen.rectangle((0, 1000, WIDTH, 1300), "#7fb0b8")
    pen.ellipse((1980, 320, 2220, 560), "#fff6dd")
    pen.polygon([(1500, 1180), (1500, 880), (1750, 680), (2000, 880), (2000, 1180)], "#b5533c")
    pen.rectangle((1540, 900, 1960, 1200), "#f7f2e8")
    for left in (1600, 1810):
        pen.rectangle((left, 960, left + 90, 1090), "#41616b")
    for rise, colour in ((1150, "#ead9b2"), (1290, "#dcc48f"), (1430, "#c6a96b")):
        pen.polygon(_hill(rise, 70), colour)


def _gallery(pen: Pen) -> None:
    pen.rectangle((0, 1330, WIDTH, HEIGHT), "#cbbfb0")
    frames = ((1330, 330, 1760, 960, "#274060"), (1850, 430, 2240, 820, "#c8553d"), (1850, 900, 2240, 1200, "#e8c07d"))
    for left, top, right, bottom, colour in frames:
        pen.rectangle((left - 26, top - 26, right + 26, bottom + 26), "#2a2522")
        pen.rectangle((left, top, right, bottom), "#fbf8f3")
        inner = (left + 60, top + 60, right - 60, bottom - 60)
        pen.rectangle(inner, colour)
        side = min(inner[2] - inner[0], inner[3] - inner[1]) * 0.6
        middle = ((inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2)
        pen.ellipse((middle[0] - side / 2, middle[1] - side / 2, middle[0] + side / 2, middle[1] + side / 2), "#fbf8f3")


def _brewery(pen: Pen) -> None:
    pen.rectangle((1250, 0, WIDTH, HEIGHT), "#20402f")
    for left, label in ((1430, "#e9c46a"), (1880, "#e76f51")):
        pen.rounded_rectangle((left + 110, 330, left + 230, 640), 30, "#5b3317")
        pen.rounded_rectangle((left, 560, left + 340, 1400), 110, "#5b3317")
        pen.rectangle((left, 800, left + 340, 1180), label)
        pen.ellipse((left + 80, 890, left + 260, 1070), "#fdf6e3")
        pen.rectangle((left + 100, 300, left + 240, 350), "#e9c46a")


def _mountains(pen: Pen) -> None:
    pen.ellipse((1700, 300, 2020, 620), "#f2a65a")
    pen.polygon([(1000, 1300), (1620, 560), (2200, 1300)], "#6d8a96")
    pen.polygon([(1475, 733), (1620, 560), (1756, 733), (1650, 700), (1590, 760)], "#f7f4ef")
    pen.polygon([(1500, 1350), (2060, 700), (2700, 1350)], "#4f6d7a")
    pen.polygon([(1948, 830), (2060, 700), (2188, 830), (2100, 800), (2030, 860)], "#f7f4ef")
    for rise, colour in ((1220, "#8fae7a"), (1380, "#6b8f58")):
        pen.polygon(_hill(rise, 50), colour)


def _hill(rise: float, height: float) -> list[tuple[float, float]]:
    """Return an area below a wavy line at `rise`, as wide as the picture."""
    line = [(x, rise + height * math.sin(x / WIDTH * 2 * math.pi + rise)) for x in range(0, WIDTH + 1, 40)]
    return [*line, (WIDTH, HEIGHT), (0, HEIGHT)]


#: Work samples by the slug of their agency.
DEMO_WORK = {
    "nordlicht": (
        DemoWork("Shop relaunch for a flour mill", "https://muellerei.example", "Home page of a shop with a windmill in a wheat field",
                 "Müllerei Größe", ("Flour with", "a past."), ("#fdf3dc", "#4a2f16", "#8c4a1f"), _mill),
        DemoWork("Booking pages in three languages", "https://duenenhaus.example", "Home page of a hotel with a house by the sea",
                 "Seebad Hotel Dünenhaus", ("A room", "by the sea."), ("#f6f8f6", "#1f3f48", "#a5452f"), _dunes),
        DemoWork("Online gallery for a painter", "", "Home page of a gallery with three framed abstract paintings",
                 "Atelier Lindqvist", ("New works,", "shown slowly."), ("#efe8de", "#2a2522", "#274060"), _gallery),
    ),
    "suedwind": (
        DemoWork("Labels and shop for a brewery", "", "Home page of a brewery with two labelled bottles",
                 "Bergquell", ("Brewed up", "the hill."), ("#fdf6e3", "#20402f", "#b5472f"), _brewery),
        DemoWork("Brand and website for a hotel", "", "Home page of a hotel with mountains and an evening sun",
                 "Sonnenalp Hof", ("Breathe out", "here."), ("#fbf1e4", "#2f4858", "#b8561f"), _mountains),
    ),
}  # fmt: skip
