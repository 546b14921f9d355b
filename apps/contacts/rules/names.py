def folded(text: str) -> str:
    """`text` as names are searched: without case, and ё as е, since people write either."""
    return text.casefold().replace("ё", "е")
