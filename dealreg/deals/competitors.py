"""Names that are suggested when a deal is lost to a competitor's product; any other may be typed."""

from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "data" / "competitors.txt"


@cache
def known_competitors() -> tuple[str, ...]:
    lines = FILE.read_text("utf-8").splitlines()
    return tuple(sorted({line.strip() for line in lines if line.strip() and not line.startswith("#")}))
