"""Structured logs without personal data: patterns are masked; request and claim ids are bound by middleware."""

import logging
import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# Long digit runs are phones, cards, accounts; `apl_`/`cdk_` are tokens; the @ form is an address of a person.
_PERSONAL = re.compile(r"\+?[0-9][0-9 ()\-]{8,}[0-9]|(?:apl|cdk)_[A-Za-z0-9_\-]+|[^\s@\"'<>]+@[^\s@\"'<>]+")
_KEPT = {"timestamp", "level", "logger", "event", "request_id", "task_id", "claim", "delivery", "id"}
_CLAIM_NUMBER = re.compile(r"CLM-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9A-Z]{4}")

# One list for ever: loggers that were used already hold it, and see a change of configuration by it.
_processors: list[Any] = []


def mask(text: str) -> str:
    """`text` with everything that looks like a phone, account, token or email replaced; claim numbers stay."""
    kept: list[str] = []

    def put_aside(match: re.Match[str]) -> str:
        kept.append(match.group())
        return f"\x00{len(kept) - 1}\x00"

    masked = _PERSONAL.sub("•••", _CLAIM_NUMBER.sub(put_aside, text))
    return re.sub(r"\x00([0-9]+)\x00", lambda m: kept[int(m.group(1))], masked)


def _mask_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str) and (key not in _KEPT or key == "event"):
            event[key] = mask(value)
    return event


def configure(*, json: bool, level: str) -> None:
    """Send structlog and the standard library's loggers through one masked renderer to stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask_event,
    ]
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False) if json else structlog.dev.ConsoleRenderer()
    _processors[:] = [
        structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter
    ]  # fmt: skip
    structlog.configure(
        processors=_processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [structlog.stdlib.ExtraAdder(allow=[]), *shared],
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "django.server": {"handlers": ["stderr"], "level": level, "propagate": False},
                "django.request": {"level": "ERROR"},
                "uvicorn.access": {"level": "WARNING"},
                "daphne": {"level": "WARNING"},
                "fontTools": {"level": "WARNING"},
                "botocore": {"level": "WARNING"},
                "urllib3": {"level": "WARNING"},  # it writes whole addresses, and the CRM's session stands in them
                "celery.app.trace": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "kombu": {"level": "WARNING"},
                "kombu.connection": {"level": "ERROR"},  # memory:// has no host, and it warns of that each time
                "mail.log": {"level": "WARNING"},
            },
        }
    )
