"""How much of an upload is kept."""

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

#: Bytes of the files that one request may bring.
MAX_BYTES = 50 * 1024 * 1024


class BoundedUploadHandler(FileUploadHandler):
    """First of the handlers: what goes beyond `MAX_BYTES`, whoever sends it, is read and dropped, and fills neither memory nor disk.

    Read, because a browser that is cut off while it sends shows no answer. To the form it is as if no file had come.
    """

    received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MAX_BYTES:
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> "UploadedFile[bytes] | None":
        return None
