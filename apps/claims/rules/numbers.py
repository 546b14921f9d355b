"""Numbers and sums as a language writes them; sums as on the form, static/claims/js/format.js."""

import re
from decimal import Decimal

NBSP = "\u00a0"
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "RUB": "₽", "UAH": "₴"}


def number_text(value: str, language: str) -> str:
    """`0.5` as it is kept: "0,5" where a comma is written."""
    return value if language == "en" else value.replace(".", ",")


def money_text(amount: str, currency: str, language: str) -> str:
    """A sum as it is kept (`50000.00`, `EUR`): "50 000,00 €", in English "€50,000.00". What is no number stays."""
    if not _AMOUNT.fullmatch(amount):
        return f"{amount} {currency}".strip()
    text, sign = f"{Decimal(amount):,.2f}", SIGNS.get(currency, currency)
    if language == "en":
        return f"{sign}{NBSP if sign == currency else ''}{text}"
    return f"{text.replace(',', NBSP).replace('.', ',')}{NBSP}{sign}"
