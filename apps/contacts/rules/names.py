def folded(text: str) -> str:
    """`text` as names are searched: without case, and ё as е, since people write either."""
    return text.casefold().replace("ё", "е")


_FATHERS = ("вич", "вна", "ічна", "ична", "ьич", "кич", "мич", "йович", "ївна", "івна")


def parts(full_name: str) -> tuple[str, str]:
    """Surname and given names of a name as its bearer wrote it: "Мария Иванова", or with a patronymic in either order.

    A patronymic stands behind the first name: at the end the surname came first, in the middle it comes last.
    """
    words = full_name.split()
    if len(words) < 2:
        return full_name.strip(), ""
    if len(words) > 2 and words[-1].casefold().endswith(_FATHERS):
        return words[0], " ".join(words[1:])
    return words[-1], " ".join(words[:-1])
