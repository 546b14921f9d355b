import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_asgi_application()

from apps.core.bodies import BoundedBodies  # noqa: E402  these need Django set up first
from apps.core.files.upload import upload_bytes  # noqa: E402
from config.sockets import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": BoundedBodies(django, most=upload_bytes()),
        "websocket": URLRouter(websocket_urlpatterns),  # each consumer asks where a cookie comes from
    }
)
