"""A description in a sentence or two: plain text, whoever wrote it."""

import re
import unicodedata

OWN_SUMMARY_MOST, SUMMARY_MOST = 200, 300  # characters

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_ADDRESS = re.compile(
    r"\S+://\S*|\bwww\.\S+|\S+@\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:[a-z]{2,}|рф|укр|xn--\w+)\b(?:[/:?#]\S*)?", re.IGNORECASE
)
_MARKUP = re.compile(r"<[^<>]*>|[<>\[\]{}*_`#|~\\^=]")


def summary(description: str) -> str:
    """The first sentences that fit, or the beginning."""
    told = ""
    for sentence in _SENTENCE_END.split(description.strip()):
        longer = f"{told} {sentence}".strip()
        if told and len(longer) > OWN_SUMMARY_MOST:
            break
        told = longer
    return plain(told, OWN_SUMMARY_MOST)


def plain(text: str, most: int) -> str:
    """One line without addresses, markup and what is not seen, cut at a word."""
    text = _CONTROL.sub(" ", unicodedata.normalize("NFC", text[: most * 4]))  # patterns are slow on long runs
    text = _MARKUP.sub(" ", _ADDRESS.sub(" ", text))
    text = " ".join(_ADDRESS.sub(" ", text).split())  # again: markup may have hidden one
    if len(text) <= most:
        return text
    return (text[: most - 1].rsplit(" ", 1)[0] or text[: most - 1]).rstrip(" ,;:-") + "…"
