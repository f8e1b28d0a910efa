"""What people type into a field of search."""

from django.http import HttpRequest


def tidy(text: str, longest: int = 200) -> str:
    """On one line, without the zero byte that no column of text takes."""
    return " ".join(text.replace("\0", "").split())[:longest]


def typed(request: HttpRequest, name: str = "q", longest: int = 200) -> str:
    return tidy(request.GET.get(name, ""), longest)
