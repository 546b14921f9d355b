"""Sending SMS: `sms_send` for whoever has something to say, the gateways' shared shape, one module for each vendor."""

from apps.integrations.sms.gateway import (
    DeliveryState,
    DeliveryStatus,
    Report,
    ReportForged,
    Sent,
    SmsGateway,
    get_gateway,
)
from apps.integrations.sms.sending import sms_send

__all__ = [
    "DeliveryState",
    "DeliveryStatus",
    "Report",
    "ReportForged",
    "Sent",
    "SmsGateway",
    "get_gateway",
    "sms_send",
]
