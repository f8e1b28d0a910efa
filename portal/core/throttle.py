"""How often something may be asked for from one place."""

from django.core.cache import cache


def within_limit(name: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one more try of `who`; False once there were more than `most` in the current window."""
    key = f"throttle:{name}:{who}"
    if cache.add(key, 1, timeout=seconds):
        return True
    try:
        return cache.incr(key) <= most
    except ValueError:  # the window ended between the two calls
        cache.add(key, 1, timeout=seconds)
        return True
