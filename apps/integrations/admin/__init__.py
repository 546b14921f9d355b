from apps.integrations.admin import handlers, sms, spending, systems

__all__ = ["handlers", "sms", "spending", "systems"]
