"""Size limit of uploads."""

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

#: Maximum total size of the files in a request, in bytes.
MAX_BYTES = 50 * 1024 * 1024


class BoundedUploadHandler(FileUploadHandler):
    """Discards files beyond `MAX_BYTES`, which forms then treat as missing. Must be the first handler.

    The data is read, because browsers show no response if the connection is closed during an upload.
    """

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MAX_BYTES:
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        return None
