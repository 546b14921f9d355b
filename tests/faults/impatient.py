"""The clients of file share and archive as they are, with less patience: a test can't wait thirty seconds each time."""

from typing import Any

from apps.integrations.archive.s3 import S3Archive
from apps.integrations.files.nextcloud import Nextcloud

READ = 2.0  # s


class Share(Nextcloud):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read": READ, **options})


class Archive(S3Archive):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"read": READ, **options})
