"""Web, worker and schedule in one process with everything in memory: the fallback where no Redis-protocol server is.

`python -m apps.core.embedded.alone PORT`. Wake-ups that are queued when it stops are lost; their rows are not, and
the sweeper finds them at the next start.
"""

import os
import sys
import threading

import uvicorn
from celery import Celery, current_app
from celery.beat import Service
from celery.worker import WorkController
from celery.worker import state as worker_state

from apps.core.embedded.ports import HOST


def start_worker(app: Celery) -> threading.Thread:
    """Run a worker of four threads beside the web server, looking for tasks every 50 ms."""
    app.conf.broker_transport_options = {"polling_interval": 0.05}
    worker = WorkController(
        app=app,
        pool_cls="threads",
        concurrency=4,
        queues="celery,slow,heavy",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        hostname="celery@alone",
    )
    thread = threading.Thread(target=worker.start, name="worker", daemon=True)
    thread.start()
    return thread


def main(port: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    where = uvicorn.Config(
        "config.asgi:application", host=HOST, port=port, log_config=None, log_level="warning", proxy_headers=False
    )
    where.timeout_graceful_shutdown = 3
    server = uvicorn.Server(where)
    server.config.load()  # sets Django up, before the worker and the schedule ask for it
    worker = start_worker(current_app)
    # Told its scheduler: left alone, an embedded schedule keeps a file of its own instead of our table.
    schedule = Service(current_app, scheduler_cls=current_app.conf.beat_scheduler)
    threading.Thread(target=schedule.start, kwargs={"embedded_process": False}, name="schedule", daemon=True).start()
    try:
        server.run()
    finally:
        schedule.stop()
        worker_state.should_stop = 0  # type: ignore[assignment]  # its way of being asked by another thread
        worker.join(timeout=8)


if __name__ == "__main__":
    main(int(sys.argv[1]))
