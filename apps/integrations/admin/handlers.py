from django.utils.translation import gettext_lazy as _

from apps.core.desk.handlers import describe

describe("events.n8n", _("Event to the workflows (n8n)"))
describe("events.rabbitmq", _("Event to the message broker (RabbitMQ)"))
