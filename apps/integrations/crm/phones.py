"""Phones as people write them into a CRM: all the ways to ask for one, and whether two are the same."""

import re

_NOT_DIGITS = re.compile(r"[^0-9]")


def digits(text: str) -> str:
    """The number with its country's code, from however it was written inside or outside Russia and Ukraine."""
    found = _NOT_DIGITS.sub("", text).removeprefix("00")
    if len(found) == 11 and found.startswith("80"):
        return "3" + found
    if len(found) == 11 and found.startswith("8"):
        return "7" + found[1:]
    if len(found) == 10 and text.strip().startswith(("0", "(0")):
        return "38" + found
    return "7" + found if len(found) == 10 and found.startswith("9") else found


def spellings(phone: str) -> list[str]:
    """The plain spellings of `phone`, which is digits with the country's code."""
    if re.fullmatch(r"7[0-9]{10}", phone):
        return [phone, f"+{phone}", f"8{phone[1:]}", phone[1:]]
    if re.fullmatch(r"380[0-9]{9}", phone):
        return [phone, f"+{phone}", phone[2:]]
    return [phone, f"+{phone}"]


def pattern(phone: str) -> str:
    """What `like` finds the spellings with blanks, brackets and dashes by, and others that are to be sorted out."""
    end = phone[-10:] if phone.startswith("7") else phone[-9:]
    head, rest = end[:-7], end[-7:]
    return "%" + "%".join([head, rest[:3], rest[3:5], rest[5:]]) + "%"
