from apps.core.admin import deliveries, first_page, ledger, outbox, schedule

__all__ = ["deliveries", "first_page", "ledger", "outbox", "schedule"]
