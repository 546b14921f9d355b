from apps.integrations.tests.conftest import sandbox

__all__ = ["sandbox"]
