"""Where the embedded PostgreSQL and Redis listen; `portal.embedded` starts them."""

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

DATABASE_NAME = "portal"


def socket_dir(var_dir: Path) -> Path:
    """A short directory of this checkout and user: the path of a unix socket ends at 107 bytes,
    and var/ may lie deep or hold blanks."""
    digest = hashlib.sha256(str(var_dir.resolve()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"portal-{os.getuid()}-{digest}"


def database_url(var_dir: Path) -> str:
    return f"postgres://postgres@{quote(str(socket_dir(var_dir)), safe='')}/{DATABASE_NAME}"


def redis_url(var_dir: Path) -> str:
    return f"unix://{socket_dir(var_dir)}/redis.sock"


def broker_url(redis_url: str) -> str:
    """Celery's spelling of the same server: it names unix sockets and their databases otherwise."""
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
