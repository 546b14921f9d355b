from datetime import timedelta

from django.utils import timezone
from factory.declarations import LazyFunction, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory

from apps.core.tests.typed import typed
from apps.policies.models import Policy, PolicyProduct


class _PolicyProduct(DjangoModelFactory[PolicyProduct]):
    class Meta:
        model = PolicyProduct
        django_get_or_create = ("code",)

    code = "travel"
    insurer = "Пример-Страхование"
    name = LazyFunction(lambda: {"ru": "Путешествие", "uk": "Подорож", "en": "Travel"})
    number_pattern = r"(TR)(\d{7})"
    number_example = "TR-0012345"


PolicyProductFactory = typed(_PolicyProduct, PolicyProduct)


class _Policy(DjangoModelFactory[Policy]):
    """A policy that is valid today; `expired` and `not_yet` are traits."""

    class Meta:
        model = Policy

    class Params:
        expired = Trait(
            valid_from=LazyFunction(lambda: timezone.localdate() - timedelta(days=400)),
            valid_until=LazyFunction(lambda: timezone.localdate() - timedelta(days=35)),
        )
        not_yet = Trait(
            valid_from=LazyFunction(lambda: timezone.localdate() + timedelta(days=20)),
            valid_until=LazyFunction(lambda: timezone.localdate() + timedelta(days=50)),
        )

    number = Sequence(lambda n: f"TR-{n + 1:07d}")
    product = SubFactory(PolicyProductFactory)
    holder_name = "Мария Соколова"
    insured = LazyFunction(lambda: [{"name": "Мария Соколова", "born": "1988-05-04"}])
    valid_from = LazyFunction(lambda: timezone.localdate() - timedelta(days=30))
    valid_until = LazyFunction(lambda: timezone.localdate() + timedelta(days=335))
    territory = "Весь мир"
    sums = LazyFunction(lambda: [{"risk": "Багаж", "amount": "1000.00", "currency": "EUR"}])


PolicyFactory = typed(_Policy, Policy)
