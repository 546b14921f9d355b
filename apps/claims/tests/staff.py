from apps.accounts.tests.staff import client_of, staff

__all__ = ["client_of", "staff"]
