import pytest

from apps.contacts.rules import names


@pytest.mark.parametrize(
    ("written", "surname", "given"),
    [
        ("Мария Иванова", "Иванова", "Мария"),
        ("Иванова Мария Петровна", "Иванова", "Мария Петровна"),
        ("Мария Петровна Иванова", "Иванова", "Мария Петровна"),
        ("Шевченко Оксана Іванівна", "Шевченко", "Оксана Іванівна"),
        ("Anna Maria Schmidt", "Schmidt", "Anna Maria"),
        ("  Мария   Иванова ", "Иванова", "Мария"),
        ("Мария", "Мария", ""),
        ("", "", ""),
    ],
)
def test_a_name_is_taken_apart_as_its_bearer_wrote_it(written: str, surname: str, given: str) -> None:
    assert names.parts(written) == (surname, given)
