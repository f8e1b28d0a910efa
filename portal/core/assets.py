"""Serves the few files of node_modules that the pages use, and none of the others."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import utils
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage


class NodeModulesFinder(BaseFinder):
    """Finds what NODE_MODULES_ASSETS lists: a file by its name, or a folder when the name ends in /."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.root = Path(settings.BASE_DIR) / "node_modules"
        self.allowed: list[str] = settings.NODE_MODULES_ASSETS
        self.storage = FileSystemStorage(location=self.root)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return [
            Error(f"node_modules/{name} is missing.", hint="Run `make demo` or `npm ci`.", id="portal.E001")
            for name in self.allowed
            if not (self.root / name).exists()
        ]

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        name = path.replace("\\", "/")
        found = self.root / name
        allowed = any(
            name == one or (one.endswith("/") and name.startswith(one) and ".." not in name)
            for one in self.allowed
        )
        if not allowed or not found.is_file():
            return []  # None would count as a match
        return [str(found)] if find_all else str(found)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in self.allowed:
            if name.endswith("/"):
                for path in utils.get_files(self.storage, [*(ignore_patterns or [])], name.rstrip("/")):
                    yield path, self.storage
            else:
                yield name, self.storage
