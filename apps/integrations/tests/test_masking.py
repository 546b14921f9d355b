"""What is taken out of a text before a model sees it, and what stays."""

import pytest

from apps.integrations.llm import masked

IVAN, MARIA = ("Пётр Лисицын",), ("Ольга Петренко",)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Звоните +7 912 000-11-22 после 18:00", "Звоните [phone 1] после 18:00"),
        ("тел. 8(912)000-11-22", "тел. [phone 1]"),
        ("мой номер 89120001122", "мой номер [phone 1]"),
        ("Телефонуйте 067 000 11 22", "Телефонуйте [phone 1]"),
        ("+380 (67) 000-11-22", "[phone 1]"),
        ("Call +44 20 7946 0000 please", "Call [phone 1] please"),
        ("пишите на a.b+c@mail.example.com.", "пишите на [email 1]."),
        ("карта 4000 0000 0000 0002", "карта [account 1]"),
        ("card 4000-0000-0000-0002", "card [account 1]"),
        ("счёт 40817810000000000001", "счёт [account 1]"),
        ("IBAN UA213223130000026007233566001", "IBAN [account 1]"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [account 1]"),
        ("паспорт 45 08 123456", "паспорт [number 1]"),
        ("паспорт 4508 № 123456", "паспорт [number 1]"),
        ("паспорт МТ123456", "паспорт [number 1]"),
        ("закордонний паспорт FA 123456", "закордонний паспорт [number 1]"),
        ("полис № ERV-2025/004512", "полис № [number 1]"),
        ("policy no. 55-12345", "policy no. [number 1]"),
        ("ИНН: 770100000001", "ИНН: [number 1]"),
    ],
)
def test_what_names_a_person_or_an_account_is_taken_out(text, hidden):
    said = masked(text)

    assert said == hidden


@pytest.mark.parametrize(
    "text",
    [
        "Рейс SU 1234 12.05.2025 задержали на 5 часов",
        "Рейс № PS101 від 2025-05-12",
        "Заплатил 150 000 рублей и 1200,50 €",
        "I paid $1,250.00 and 300 EUR on 12/05/2025",
        "Сплатила 45000 грн",
        "Багаж 23 кг, место 14A, в 06:45",
        "Номер в отеле 1204",
    ],
)
def test_flights_dates_and_amounts_stay(text):
    said = masked(text)

    assert said == text


def test_the_same_number_has_the_same_place_holder_however_it_is_written():
    said = masked("+7 912 000-11-22 или 89120001122, ещё +7 912 000-11-33")

    assert said == "[phone 1] или [phone 1], ещё [phone 2]"


@pytest.mark.parametrize(
    ("names", "text", "hidden"),
    [
        (IVAN, "Петру Лисицыну отказали", "[name] [name] отказали"),
        (IVAN, "Я, ПЁТР ЛИСИЦЫН, опоздал", "Я, [name] [name], опоздал"),
        (("Павел",), "Вместе с Павлом и без Павла", "Вместе с [name] и без [name]"),
        (("Мария",), "Марии стало плохо", "[name] стало плохо"),
        (MARIA, "Ользі Петренко та Ольгою", "[name] [name] та [name]"),
        (("Андрій",), "Андрієві й Андрію", "[name] й [name]"),
        (("Yanovsky",), "Mr. YANOVSKY's bag", "Mr. [name] bag"),
        (("Чайковская",), "багаж Чайковской", "багаж [name]"),
        (
            ("Вера", "Роман"),
            "Верно, вера Веры и роман Романа романтичен",
            "Верно, [name] [name] и [name] [name] романтичен",
        ),
        (("Марія Ковальська",), "з Марією Ковальською", "з [name] [name]"),
        (("Игорь", "Наталья"), "Игорем и Натальей", "[name] и [name]"),
        (("Ян",), "Яна встретил янтарный рассвет", "[name] встретил янтарный рассвет"),
    ],
)
def test_names_are_found_in_any_case_and_ending(names, text, hidden):
    said = masked(text, names=names)

    assert said == hidden


def test_invisible_characters_hide_nothing():
    said = masked("8912\u200b0001122 и a\u2060b@example.com\U000e0041\U000e0042")

    assert said == "[phone 1] и [email 1]"


def test_a_text_without_personal_data_is_left_as_it_is():
    assert masked("Упал на лыжах, сломал руку. 🙂", names=["Ольга"]) == "Упал на лыжах, сломал руку. 🙂"
