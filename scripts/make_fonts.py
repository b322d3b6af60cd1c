"""Make the fonts of PDF exports from Debian's fonts-nanum: run once, the result is in the repository.

    pip install fonttools && python scripts/make_fonts.py /usr/share/fonts/truetype/nanum

Hints and layout tables are dropped, which a PDF does not use, and of bold and monospaced faces the Chinese characters.
The licence (SIL OFL 1.1) asks that a changed font goes by another name.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

OUT = Path(__file__).parent.parent / "incidents/closing/fonts"
FACES = {
    "NanumGothic.ttf": ("Portal Gothic", "Regular", "PortalGothic.ttf"),
    "NanumGothicBold.ttf": ("Portal Gothic", "Bold", "PortalGothic-Bold.ttf"),
    "NanumGothicCoding.ttf": ("Portal Gothic Mono", "Regular", "PortalGothicMono.ttf"),
}
CHINESE = range(0x3400, 0xA000)
COMPATIBLE = range(0xF900, 0xFB00)
UNUSED = ["GSUB", "GPOS", "GDEF", "DSIG", "vhea", "vmtx", "VORG", "kern", "TSI0", "TSI1", "TSI2", "TSI3", "TSI5"]


def make(source: Path, family: str, style: str, target: Path) -> None:
    font = TTFont(source)
    options = Options(hinting=False, layout_features=[], notdef_outline=True, name_IDs=["*"])
    options.drop_tables += UNUSED
    subsetter = Subsetter(options)
    kept = [code for code in font.getBestCmap() if (style == "Regular" and "Mono" not in family) or _is_kept(code)]
    subsetter.populate(unicodes=kept)
    subsetter.subset(font)
    postscript = f"{family.replace(' ', '')}-{style}"
    names = {1: family, 2: style, 3: postscript, 4: f"{family} {style}", 6: postscript, 16: family, 17: style}
    for record in list(font["name"].names):
        if record.nameID in names:
            font["name"].removeNames(nameID=record.nameID)
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    font.save(target)


def _is_kept(code: int) -> bool:
    return code not in CHINESE and code not in COMPATIBLE


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for file, (family, style, name) in FACES.items():
        make(Path(sys.argv[1]) / file, family, style, OUT / name)
