from typing import Any

from factory.declarations import Iterator, Sequence
from factory.django import DjangoModelFactory

from apps.contacts.models import Contact
from apps.core.tests.typed import typed

NAMES = [
    "Мария Соколова", "Игорь Петренко", "Анна Лебедева", "Тимур Гареев", "Ольга Ёлкина", "Сергей Журавлёв",
    "Наталія Коваль", "Дмитрий Щукин", "Елена Виноградова", "Артём Цой",
]  # fmt: skip


class _Contact(DjangoModelFactory[Contact]):
    """A person with a Russian mobile number; give `phone` (digits) or `full_name` to choose them."""

    class Meta:
        model = Contact

    phone = Sequence(lambda n: f"7900{n:07d}")
    full_name = Iterator(NAMES)
    email = Sequence(lambda n: f"person{n}@example.com")
    language = "ru"

    @classmethod
    def _create(cls, model_class: type[Contact], *args: Any, **kwargs: Any) -> Contact:
        phone, name = kwargs.pop("phone"), kwargs.pop("full_name")
        contact: Any = model_class(**kwargs)
        contact.set_phone(phone)
        contact.set_name(name)
        contact.save()
        return contact  # type: ignore[no-any-return]


ContactFactory = typed(_Contact, Contact)
