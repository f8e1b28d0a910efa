"""Makes the fonts of documents from the packages of the pages: `python portal/documents/fonts.py TO`.

Typst reads neither woff2 nor a variable font at a weight. Each part of a family (Latin, Greek, Hebrew …)
becomes a family of its own, so that a document names them one after the other and never guesses.
Run as a file while the checkout or the image is built: nothing of Django is needed.
"""

import sys
from pathlib import Path

from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

PACKAGES = Path(__file__).resolve().parents[2] / "node_modules" / "@fontsource-variable"
# Name in documents, package, part of it.
PARTS = [
    ("Inter", "inter", "latin"),
    ("Inter Latin Ext", "inter", "latin-ext"),
    ("Inter Greek", "inter", "greek"),
    ("Inter Cyrillic", "inter", "cyrillic"),
    ("Inter Vietnamese", "inter", "vietnamese"),
    ("Heebo Hebrew", "heebo", "hebrew"),
]
FAMILIES = [name for name, _package, _part in PARTS]
# Signs that the packages leave out, and those that are drawn for them: French amounts hold U+202F.
DRAWN_AS = {0x202F: 0x2009, 0x2011: 0x002D}
WEIGHTS = {400: "Regular", 600: "SemiBold", 700: "Bold"}


def make_fonts(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for family, package, part in PARTS:
        source = PACKAGES / package / "files" / f"{package}-{part}-wght-normal.woff2"
        for weight, style in WEIGHTS.items():
            font = instantiateVariableFont(TTFont(source), {"wght": weight})
            font.flavor = None
            _rename(font, family, style)
            _fill_gaps(font)
            font["OS/2"].usWeightClass = weight
            font.save(folder / f"{family.replace(' ', '')}-{style}.ttf")


def _rename(font: TTFont, family: str, style: str) -> None:
    names = font["name"]
    for record in list(names.names):
        if record.nameID in (1, 2, 4, 6, 16, 17, 21, 22, 25):
            names.removeNames(nameID=record.nameID)
    for number, text in (
        (1, family if style in ("Regular", "Bold") else f"{family} {style}"),
        (2, style if style in ("Regular", "Bold") else "Regular"),
        (4, f"{family} {style}"),
        (6, f"{family.replace(' ', '')}-{style}"),
        (16, family),
        (17, style),
    ):
        names.setName(text, number, 3, 1, 0x409)


def _fill_gaps(font: TTFont) -> None:
    for table in font["cmap"].tables:
        if table.isUnicode():
            for sign, other in DRAWN_AS.items():
                if sign not in table.cmap and other in table.cmap:
                    table.cmap[sign] = table.cmap[other]


if __name__ == "__main__":
    make_fonts(Path(sys.argv[1]))
