"""Files as people and attackers send them, made by code: each maker returns the bytes; none is kept as a binary."""

import functools
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

from fpdf import FPDF
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

ORIENTATION, MAKE, GPS_IFD = 0x0112, 0x010F, 0x8825
SCRIPT = b"<script>alert(1)</script>"
HTML = b"<!DOCTYPE html><html><body>" + SCRIPT + b"</body></html>"


# --- pictures


def picture(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """A left half red, a right half blue, so that turning and mirroring can be seen."""
    image = Image.new("RGB", (width, height), (200, 30, 30))
    image.paste((30, 30, 200), (width // 2, 0, width, height))
    return image.convert(mode)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def jpeg(width: int = 400, height: int = 300, **options: Any) -> bytes:
    return saved(picture(width, height), "JPEG", **options)


@functools.cache
def photo(width: int = 4000, height: int = 3000, orientation: int = 6) -> bytes:
    """A phone's photo (12 megapixels): noise, EXIF with maker, place and orientation."""
    grain = Image.effect_noise((width // 8, height // 8), 60).resize((width, height)).convert("RGB")
    exif = Image.Exif()
    exif[MAKE], exif[ORIENTATION] = "Example Phone", orientation
    exif.get_ifd(GPS_IFD).update({1: "N", 2: (IFDRational(50), IFDRational(27), IFDRational(0)), 3: "E"})
    return saved(Image.blend(grain, picture(width, height), 0.6), "JPEG", quality=88, exif=exif)


def jpeg_cmyk() -> bytes:
    return saved(picture(mode="CMYK"), "JPEG")


def jpeg_with_broken_exif() -> bytes:
    return jpeg(exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + b"\xff" * 40)


def png(image: Image.Image | None = None) -> bytes:
    return saved(image or picture(), "PNG")


def png_transparent() -> bytes:
    image = picture(mode="RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    return png(image)


def png_palette() -> bytes:
    return saved(picture(mode="P"), "PNG", transparency=0)


def png_grey_16(shade: int = 0x8000) -> bytes:
    """16 bits a pixel, one shade all over."""
    return raw_png(64, 48, depth=16, colour=0, row=struct.pack(">H", shade) * 64)


def png_rgb_16() -> bytes:
    return raw_png(64, 48, depth=16, colour=2, row=struct.pack(">3H", 0x8000, 0x4000, 0x2000) * 64)


def png_1_bit() -> bytes:
    return png(picture(mode="1"))


def png_bomb(side: int = 30_000) -> bytes:
    """side x side white-less pixels, one bit each: 900 megapixels in about 110 KB."""
    return raw_png(side, side, depth=1, colour=0, row=bytes((side + 7) // 8))


def png_text_bomb() -> bytes:
    """A compressed text chunk of 200 MB in an ordinary small picture."""
    whole = png()
    text = b"Comment\x00\x00" + zlib.compress(bytes(200_000_000), 9)
    return whole[:33] + chunk(b"zTXt", text) + whole[33:]


def apng(frames: int = 10_000) -> bytes:
    pixel = zlib.compress(b"\x00\x80")
    out = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0))]
    out.append(chunk(b"acTL", struct.pack(">2I", frames, 0)))
    for number in range(frames):
        sequence = max(0, 2 * number - 1)
        out.append(chunk(b"fcTL", struct.pack(">5I2H2B", sequence, 1, 1, 0, 0, 1, 10, 0, 0)))
        out.append(chunk(b"fdAT", struct.pack(">I", sequence + 1) + pixel) if number else chunk(b"IDAT", pixel))
    return b"".join([*out, chunk(b"IEND", b"")])


def raw_png(width: int, height: int, *, depth: int, colour: int, row: bytes) -> bytes:
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"\x00" + row) for _ in range(height)) + packer.flush()
    header = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@functools.cache
def heic(*sizes: tuple[int, int], primary: int = 0, exif_gps: bool = False) -> bytes:
    """One picture for each size, in one HEIC; `primary` is the one to show."""
    import pillow_heif

    container: Any = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for width, height in sizes or ((400, 300),):
        container.add_from_pillow(picture(width, height))
    options: dict[str, Any] = {}
    if exif_gps:
        exif = Image.Exif()
        exif[MAKE] = "Example Phone"
        exif.get_ifd(GPS_IFD).update({1: "N", 3: "E"})
        options["exif"] = exif.tobytes()
    out = io.BytesIO()
    container.save(out, primary_index=primary, **options)
    return out.getvalue()


# --- pictures with more behind them, as honest devices write them


def film(length: int = 300_000) -> bytes:
    """The MP4 of a motion photo: an `ftyp` box and data that looks like noise."""
    return struct.pack(">I", 24) + b"ftypmp42\x00\x00\x00\x00isommp42" + random.Random(7).randbytes(length)


def motion_photo() -> bytes:
    """A photo, its film, and the maker's index, as Samsung and Google phones write it."""
    return (
        jpeg() + film() + b"MotionPhoto_Data" + struct.pack("<I", 300_000) + b"SEFH\x6b\x00\x00\x00\x18\x00\x00\x00SEFT"
    )


def jpeg_with_second_picture() -> bytes:
    """A multi-picture JPEG (MPF), as phones write depth and gain maps."""
    return saved(picture(), "MPO", save_all=True, append_images=[picture(200, 150)])


def jpeg_padded() -> bytes:
    return jpeg() + bytes(4096)


def png_with_older_tail() -> bytes:
    """A cropped screenshot that still has the end of the picture it replaced."""
    return png() + png(picture(800, 600))[-900:]


# --- PDFs


@functools.cache
def pdf(pages: int = 1) -> bytes:
    made = FPDF()
    made.set_font("Helvetica", size=12)
    for number in range(1, pages + 1):
        made.add_page()
        made.cell(0, 10, f"Page {number} of a sample", link="https://example.com/")
    return bytes(made.output())


@functools.cache
def pdf_scanned(pages: int = 6) -> bytes:
    """Pages of noise, one JPEG each, as an office scanner makes them: 5 MB."""
    made = FPDF()
    for number in range(pages):
        page = saved(Image.effect_noise((1240, 1754), 30 + number), "JPEG", quality=80)
        made.add_page()
        made.image(io.BytesIO(page), x=0, y=0, w=210)
    return bytes(made.output())


def rewritten(change: Callable[[PdfWriter], object], whole: bytes | None = None) -> bytes:
    """A PDF after `change` was done to it."""
    writer = PdfWriter(clone_from=io.BytesIO(whole or pdf()))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_encrypted(algorithm: str = "AES-256") -> bytes:
    return rewritten(lambda writer: writer.encrypt("secret", algorithm=algorithm))


def pdf_owner_locked() -> bytes:
    """Opens for anyone, forbids copying: as banks send statements."""
    return rewritten(lambda writer: writer.encrypt("", "owner", algorithm="AES-256"))


def action(kind: str, **more: Any) -> DictionaryObject:
    return DictionaryObject({NameObject("/S"): NameObject(kind)} | {NameObject(f"/{k}"): v for k, v in more.items()})


def javascript() -> DictionaryObject:
    return action("/JavaScript", JS=TextStringObject("app.alert(1)"))


def pdf_with_open_action(what: DictionaryObject | None = None) -> bytes:
    return rewritten(lambda writer: writer.root_object.update({NameObject("/OpenAction"): what or javascript()}))


def pdf_with_named_javascript() -> bytes:
    def change(writer: PdfWriter) -> None:
        named = ArrayObject([TextStringObject("one"), writer._add_object(javascript())])
        scripts = DictionaryObject({NameObject("/Names"): named})
        writer.root_object[NameObject("/Names")] = DictionaryObject({NameObject("/JavaScript"): scripts})

    return rewritten(change)


def pdf_with_escaped_javascript() -> bytes:
    """The same names written with #xx escapes, as malware does."""
    plain = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R/OpenAction<</S/J#61vaScript/J#53(app.alert\\(1\\))>>>>\nendobj\n"
    return written_pdf(plain, b"2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n", PAGE)


def pdf_with_annotation(annotation: DictionaryObject) -> bytes:
    def change(writer: PdfWriter) -> None:
        annotation[NameObject("/Type")] = NameObject("/Annot")
        annotation[NameObject("/Rect")] = ArrayObject([NumberObject(n) for n in (0, 0, 50, 50)])
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(annotation)])

    return rewritten(change)


def pdf_with_link_script() -> bytes:
    return pdf_with_annotation(
        DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): javascript()})
    )


def pdf_with_chained_script() -> bytes:
    """A harmless link whose next action is a script."""
    link = action("/URI", URI=TextStringObject("https://example.com/"), Next=javascript())
    return pdf_with_annotation(DictionaryObject({NameObject("/Subtype"): NameObject("/Link"), NameObject("/A"): link}))


def pdf_with_launch() -> bytes:
    return pdf_with_open_action(action("/Launch", F=TextStringObject("calc.exe")))


def pdf_with_remote_jump() -> bytes:
    return pdf_with_open_action(action("/GoToR", F=TextStringObject("\\\\files.example.com\\share\\a.pdf")))


def pdf_with_attachment() -> bytes:
    return rewritten(lambda writer: writer.add_attachment("a.exe", exe()))


def pdf_with_attachment_in_object_stream() -> bytes:
    """The same, its objects packed into compressed object streams."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf_with_attachment()))
    out = io.BytesIO()
    writer.write(out)
    return compressed_objects(out.getvalue())


def pdf_with_xfa() -> bytes:
    form = DictionaryObject({NameObject("/XFA"): TextStringObject("<xdp/>"), NameObject("/Fields"): ArrayObject()})
    return rewritten(lambda writer: writer.root_object.update({NameObject("/AcroForm"): form}))


def pdf_without_pages() -> bytes:
    return written_pdf(CATALOG, b"2 0 obj\n<</Type/Pages/Count 0/Kids[]>>\nendobj\n")


def pdf_with_looping_pages() -> bytes:
    return written_pdf(
        CATALOG,
        b"2 0 obj\n<</Type/Pages/Count 9/Kids[3 0 R]>>\nendobj\n",
        b"3 0 obj\n<</Type/Pages/Count 9/Kids[2 0 R]>>\nendobj\n",
    )


def pdf_with_page_repeated(times: int = 1_000_000) -> bytes:
    """One page, named over and over by a small file."""
    kids = b"3 0 R " * times
    return written_pdf(CATALOG, b"2 0 obj\n<</Type/Pages/Count 1/Kids[" + kids + b"]>>\nendobj\n", PAGE)


def pdf_nested(depth: int = 200_000) -> bytes:
    return written_pdf(
        CATALOG, ONE_PAGE_TREE, b"3 0 obj\n<</Type/Page/Parent 2 0 R/X " + b"[" * depth + b"]" * depth + b">>\nendobj\n"
    )


def pdf_of_many_objects(count: int = 400_000) -> bytes:
    crowd = b"<<>>" * count
    page = b"3 0 obj\n<</Type/Page/Parent 2 0 R/X[" + crowd + b"]>>\nendobj\n"
    return written_pdf(CATALOG, ONE_PAGE_TREE, page)


def pdf_with_stream_bomb(megabytes: int = 300) -> bytes:
    """A page whose content unfolds to `megabytes` of blanks from a thousandth of that."""
    packer = zlib.compressobj(9)
    blank = b" " * 1_000_000
    packed = b"".join(packer.compress(blank) for _ in range(megabytes)) + packer.flush()

    def change(writer: PdfWriter) -> None:
        stream = DecodedStreamObject()
        stream.set_data(packed)
        stream[NameObject("/Filter")] = NameObject("/FlateDecode")
        writer.pages[0][NameObject("/Contents")] = writer._add_object(stream)

    return rewritten(change)


def pdf_with_image_bomb(side: int = 60_000) -> bytes:
    def change(writer: PdfWriter) -> None:
        image = DecodedStreamObject()
        image.set_data(b"\x00")
        names = {"/Type": NameObject("/XObject"), "/Subtype": NameObject("/Image")}
        sizes = {"/Width": NumberObject(side), "/Height": NumberObject(side)}
        image.update({NameObject(key): value for key, value in (names | sizes).items()})
        drawn = DictionaryObject({NameObject("/I"): writer._add_object(image)})
        writer.pages[0][NameObject("/Resources")] = DictionaryObject({NameObject("/XObject"): drawn})

    return rewritten(change)


def pdf_of_nested_forms(levels: int = 9, calls: int = 10, name: bytes = b"/F") -> bytes:
    """Each form draws the next so many times; the last one draws a line."""
    head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 600 800]"
    forms = [
        stream(head + b" /Resources << /XObject << /F %d 0 R >> >>" % (6 + level), (name + b" Do ") * calls)
        for level in range(levels - 1)
    ]
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 /Resources << /XObject << /F 5 0 R >> >> >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R >>",
        stream(b"<<", (name + b" Do ") * calls),
        *forms,
        stream(head, b"0 0 m 600 800 l S"),
    )
    return written_pdf(*(b"%d 0 obj\n%s\nendobj\n" % (number, body) for number, body in enumerate(objects, 1)))


def stream(head: bytes, content: bytes) -> bytes:
    return head + b" /Length %d >>\nstream\n" % len(content) + content + b"\nendstream"


def pdf_with_missing_content() -> bytes:
    return written_pdf(
        CATALOG, ONE_PAGE_TREE, b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 77 0 R>>\nendobj\n"
    )


CATALOG = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n"
ONE_PAGE_TREE = b"2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n"
PAGE = b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>\nendobj\n"


def written_pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1, written by hand."""
    out, places = b"%PDF-1.7\n", []
    for body in objects:
        places.append(len(out))
        out += body
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, rows)
    end = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + table + end


def compressed_objects(whole: bytes) -> bytes:
    """The same PDF with every object that is no stream inside one compressed object stream (PDF 1.5)."""
    reader = PdfReader(io.BytesIO(whole))
    inside, outside = io.BytesIO(), io.BytesIO()
    offsets: list[bytes] = []
    places: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}
    outside.write(b"%PDF-1.5\n")
    size: Any = reader.trailer["/Size"]
    top = int(size)
    for number in range(1, top):
        item = reader.get_object(IndirectObject(number, 0, reader))
        if item is None:
            continue
        if hasattr(item, "_data"):
            places[number] = (1, outside.tell(), 0)
            outside.write(b"%d 0 obj\n" % number)
            item.write_to_stream(outside)
            outside.write(b"\nendobj\n")
        else:
            places[number] = (2, top, len(offsets))
            offsets.append(b"%d %d " % (number, inside.tell()))
            item.write_to_stream(inside)
            inside.write(b"\n")
    head, packed_at = b"".join(offsets), outside.tell()
    body = zlib.compress(head + inside.getvalue())
    about = (len(offsets), len(head), len(body))
    outside.write(b"%d 0 obj\n<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>stream\n" % (top, *about))
    outside.write(body + b"\nendstream\nendobj\n")
    places[top], places[top + 1] = (1, packed_at, 0), (1, outside.tell(), 0)
    rows = b"".join(struct.pack(">BIH", *places.get(number, (0, 0, 0))) for number in range(top + 2))
    root, table_at = reader.trailer.raw_get("/Root").idnum, outside.tell()
    outside.write(b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Root %d 0 R" % (top + 1, top + 2, root))
    outside.write(b"/Length %d>>stream\n%s\nendstream\nendobj\n" % (len(rows), rows))
    outside.write(b"startxref\n%d\n%%%%EOF\n" % table_at)
    return outside.getvalue()


# --- two files in one


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.exe", exe())
    return out.getvalue()


def jpeg_with_zip() -> bytes:
    return jpeg() + archive()


def jpeg_with_zip_in_comment() -> bytes:
    """A whole archive within the picture's own metadata."""
    whole, body = jpeg(), archive()
    return whole[:2] + b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body + whole[2:]


def gif_with_script() -> bytes:
    return b"GIF89a/*" + saved(picture(40, 30), "GIF")[8:] + b"*/=1;alert(1);" + SCRIPT


def html_before_pdf() -> bytes:
    return HTML + b"\n" + pdf()


def pdf_with_html_head() -> bytes:
    return pdf().replace(b"\n", b"\n%" + HTML + b"\n", 1)


# --- other kinds


def exe() -> bytes:
    """The heads of a Windows program."""
    dos = b"MZ" + bytes(58) + struct.pack("<I", 128) + b"\x0e\x1f\xba\x0e\x00\xb4\x09\xcd\x21".ljust(64, b"\x00")
    return dos + b"PE\x00\x00\x64\x86" + bytes(200)


def svg() -> bytes:
    return b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def mht() -> bytes:
    return b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n" + HTML


def docx() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("word/document.xml", "<w:document/>")
    return out.getvalue()


def gif() -> bytes:
    return saved(picture(), "GIF")


def webp() -> bytes:
    return saved(picture(), "WEBP")


def avif() -> bytes:
    return saved(picture(), "AVIF")


def cut(whole: bytes, share: float = 0.5) -> bytes:
    """Only the first part of it, as a broken connection leaves it."""
    return whole[: int(len(whole) * share)]
