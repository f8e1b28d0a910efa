"""Under which words a name stands in the register, and which spellings lead to a word. Pure functions."""

from partners.customers.identity import CustomerIdentity
from partners.customers.names import fold, name_words, split_words

# Goes up when names are read in another way: the sweep of the register then reads the stored ones anew.
READING = 2
# Shorter words have too many neighbours for a misspelling to mean anything.
SHORTEST_MISSPELT = 4
LONGEST_WORD = 60
RUN_TOGETHER = "="
IN_TOWN = "@"


def search_keys(name: str, town: str = "") -> list[str]:
    """The words of a name in each way of writing its letters, each way run together
    (`=sonnenbergklinik`), which finds what was split or joined, and the town (`@kassel`), which tells
    apart what many are called."""
    keys: dict[str, None] = {}
    for words in name_words(name):
        keys |= dict.fromkeys(word[:LONGEST_WORD] for word in words)
        keys[RUN_TOGETHER + "".join(words)[:200]] = None
    if key := town_key(town):
        keys[key] = None
    return list(keys)


def town_key(town: str) -> str:
    words = split_words(fold(town))
    return IN_TOWN + "".join(words)[:100] if words else ""


def is_word(key: str) -> bool:
    return not key.startswith((RUN_TOGETHER, IN_TOWN))


def spellings(word: str) -> list[str]:
    """The word, and the word without each one of its letters: two words that share one of these are one
    slip of the pen apart (a letter too many, too few, another one, two in the wrong order)."""
    if len(word) < SHORTEST_MISSPELT or word.isdigit() or not is_word(word):
        return [word]
    return [word, *dict.fromkeys(word[:at] + word[at + 1 :] for at in range(len(word)))]


def lock_keys(identity: CustomerIdentity) -> list[str]:
    """One key for each way in which somebody else might mean the same company at this moment: by its
    number, its domain, or a name with a word like one of its words."""
    keys = {identity.number_key, f"domain:{identity.domain}" if identity.domain else ""}
    for word in search_keys(identity.name):
        keys |= {f"{identity.country}:{spelling}" for spelling in spellings(word)}
    return sorted(keys - {""})
