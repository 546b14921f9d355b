"""Invented banks for the demo and the tests. Staff import the real directories (CBR's ED807, the NSPK's list).

The ids look like the NSPK's member ids and belong to nobody; the BIKs are those that the arithmetic is tested
with, under invented names.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class SbpBank:
    """A participant of the Faster Payments System (СБП)."""

    id: str
    name: dict[str, str]  # by language


@dataclass(frozen=True)
class BikBank:
    """A bank, or a unit of the Bank of Russia (which has no correspondent account), by its BIK."""

    bik: str
    name: dict[str, str]  # by language
    correspondent_account: str


DEMO_BANKS = (
    SbpBank("100000009001", {"ru": "Пример-Банк", "uk": "Приклад-Банк", "en": "Primer Bank"}),
    SbpBank("100000009002", {"ru": "Банк «Маяк»", "uk": "Банк «Маяк»", "en": "Mayak Bank"}),
    SbpBank("100000009003", {"ru": "Речной банк", "uk": "Річковий банк", "en": "River Bank"}),
    SbpBank("100000009004", {"ru": "Банк «Северная звезда»", "uk": "Банк «Північна зірка»", "en": "North Star Bank"}),
    SbpBank("100000009005", {"ru": "Садовый кредит", "uk": "Садовий кредит", "en": "Garden Credit"}),
    SbpBank("100000009006", {"ru": "Банк «Компас»", "uk": "Банк «Компас»", "en": "Compass Bank"}),
    SbpBank(
        "100000009007",
        {"ru": "Учебный народный банк", "uk": "Навчальний народний банк", "en": "Training People's Bank"},
    ),
    SbpBank("100000009008", {"ru": "Банк «Тихая гавань»", "uk": "Банк «Тиха гавань»", "en": "Quiet Harbour Bank"}),
)

DEMO_BIKS = (
    BikBank(
        "044525225",
        {"ru": "Пример-Банк", "uk": "Приклад-Банк", "en": "Primer Bank"},
        "30101810400000000225",
    ),
    BikBank(
        "044030653",
        {
            "ru": "Пример-Банк, филиал «Северный»",
            "uk": "Приклад-Банк, філія «Північна»",
            "en": "Primer Bank, Northern branch",
        },
        "30101810500000000653",
    ),
    BikBank(
        "044525974",
        {"ru": "Банк «Маяк»", "uk": "Банк «Маяк»", "en": "Mayak Bank"},
        "30101810900000000974",
    ),
    BikBank(
        "049805746",
        {"ru": "Речной банк", "uk": "Річковий банк", "en": "River Bank"},
        "30101810800000000746",
    ),
    BikBank(
        "049805000",
        {
            "ru": "Учебное отделение Банка России",
            "uk": "Навчальне відділення Банку Росії",
            "en": "Training unit of the Bank of Russia",
        },
        "",
    ),
)
