from apps.core.admin import first_page, ledger, outbox, schedule

__all__ = ["first_page", "ledger", "outbox", "schedule"]
