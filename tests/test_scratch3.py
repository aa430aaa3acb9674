import pytest, io, struct, zlib, time
from django.test import Client
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from partnerportal.network.logos import read_logo
from django.core.exceptions import ValidationError

def png(w, h, depth=8, ctype=2, idat=b""):
    def chunk(t, d): return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d) & 0xffffffff)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, ctype, 0, 0, 0)) + chunk(b"IDAT", idat or zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
def img(mode, size, fmt, **o):
    s = io.BytesIO(); Image.new(mode, size).save(s, fmt, **o); return s.getvalue()
def cases():
    yield "bomb", png(30000, 30000)
    rows = zlib.compressobj(9); d = b"".join(rows.compress(b"\0" * 14997) for _ in range(4999)) + rows.flush()
    yield "4999", png(4999, 4999, idat=d)
    yield "wide", png(25_000_000, 1)
    yield "0x0", png(0, 0)
    yield "neg", png(2**31 - 1, 1)
    ztxt = zlib.compress(b"A" * 50_000_000, 9)
    def chunk(t, d): return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d) & 0xffffffff)
    base = png(8, 8)
    yield "ztxt", base[:33] + chunk(b"zTXt", b"k\0\0" + ztxt) + base[33:]
    yield "iccp", base[:33] + chunk(b"iCCP", b"k\0\0" + ztxt) + base[33:]
    exif = Image.Exif(); exif[0x0112] = 6; exif[0x8825] = {1: "N", 2: (1.0, 2.0, 3.0)}; exif[0x010e] = "SECRETPLACE"
    yield "exif", img("RGB", (60, 30), "JPEG", exif=exif)
    yield "cmyk", img("CMYK", (60, 30), "JPEG")
    yield "16bit", img("I;16", (60, 30), "PNG")
    yield "P", img("P", (60, 30), "PNG")
    yield "1", img("1", (60, 30), "PNG")
    yield "LA", img("LA", (60, 30), "PNG")
    yield "trunc", img("RGB", (600, 300), "JPEG")[:-500]
    yield "gif", img("P", (60, 30), "GIF")
    yield "svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    yield "poly", img("RGB", (60, 30), "JPEG") + b"<script>alert(1)</script>PK\x03\x04"
    yield "0", b""
    yield "big", b"\xff\xd8" + b"0" * 3_000_000
    yield "thin", img("RGB", (5000, 1), "PNG")
    yield "thin2", img("RGB", (1, 5000), "PNG")
    frames = [Image.new("RGB", (2000, 2000), (i % 256, 0, 0)) for i in range(3)]
    s = io.BytesIO(); frames[0].save(s, "PNG", save_all=True, append_images=frames[1:]); yield "apng", s.getvalue()
    s = io.BytesIO(); frames[0].save(s, "WEBP", save_all=True, append_images=frames[1:]); yield "awebp", s.getvalue()
    yield "bmp-in-png-name", img("RGB", (60, 30), "BMP")
    s = io.BytesIO(); Image.new("RGBA", (100, 100)).save(s, "PNG"); yield "transparent", s.getvalue()
    s = io.BytesIO(); Image.new("RGB", (100, 100)).save(s, "PNG", transparency=(0,0,0)); yield "trns", s.getvalue()
    yield "float exif", img("RGB", (60,30), "WEBP", exif=b"Exif\0\0garbage")
import resource
@pytest.mark.filterwarnings("default")
def test_logos():
    for name, data in cases():
        t = time.time()
        try:
            logo = read_logo(io.BytesIO(data)); im = Image.open(io.BytesIO(logo.content))
            out = f"OK {im.format} {im.size} {im.mode} frames={getattr(im,'n_frames',1)} info={list(im.info)} leak={b'SECRET' in logo.content}"
        except ValidationError as e: out = "refused: " + e.messages[0]
        except BaseException as e: out = f"!!!! {type(e)} {e}"
        print(f"{name:12} {len(data):8} {time.time()-t:.2f}s rss={resource.getrusage(resource.RUSAGE_SELF).ru_maxrss//1024}MB {out}")
