"""Under which words a name stands in the register, and which spellings lead to a word. Pure functions."""

from partners.customers.identity import CustomerIdentity
from partners.customers.names import name_words

# Goes up when names are read in another way: the sweep of the register then reads the stored ones anew.
READING = 1
# Shorter words have too many neighbours for a misspelling to mean anything.
SHORTEST_MISSPELT = 4
LONGEST_WORD = 60
RUN_TOGETHER = "="


def search_keys(name: str) -> list[str]:
    """The words of a name in each way of writing its letters, and each way run together
    (`=sonnenbergklinik`), which finds what was split or joined."""
    keys: dict[str, None] = {}
    for words in name_words(name):
        keys |= dict.fromkeys(word[:LONGEST_WORD] for word in words)
        keys[RUN_TOGETHER + "".join(words)[:200]] = None
    return list(keys)


def spellings(word: str) -> list[str]:
    """The word, and the word without each one of its letters: two words that share one of these are one
    slip of the pen apart (a letter too many, too few, another one, two in the wrong order)."""
    if len(word) < SHORTEST_MISSPELT or word.isdigit() or word.startswith(RUN_TOGETHER):
        return [word]
    return [word, *dict.fromkeys(word[:at] + word[at + 1 :] for at in range(len(word)))]


def lock_keys(identity: CustomerIdentity) -> list[str]:
    """One key for each way in which somebody else might mean the same company at this moment: by its
    number, its domain, or a name with a word like one of its words."""
    keys = {identity.number_key, f"domain:{identity.domain}" if identity.domain else ""}
    for word in search_keys(identity.name):
        keys |= {f"{identity.country}:{spelling}" for spelling in spellings(word)}
    return sorted(keys - {""})
