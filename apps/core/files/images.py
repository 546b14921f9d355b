"""Reads a picture to the end and draws its preview: upright, sRGB, no metadata. Runs in the child; no Django here."""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from apps.core.files import refusals
from apps.core.files.refusals import Refused
from apps.core.files.signatures import Kind

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

PREVIEW_SIDE = 1600  # px
THUMB_SIDE = 320  # px
# A burst or a gain map makes a few pictures in one file; a scan or a photo of a paper never makes fifty.
MAX_FRAMES = 50
FORMATS: dict[Kind, str] = {"jpeg": "JPEG", "png": "PNG", "heic": "HEIF"}
ORIENTATION = 0x0112
# Pillow's decoders answer broken content with any of these.
UNREADABLE = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError, struct.error,
              RuntimeError, AttributeError, ZeroDivisionError)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """Size in pixels as a person sees it, with the orientation applied."""

    width: int
    height: int


def read_picture(path: Path, kind: Kind, *, max_pixels: int, preview_to: Path, thumb_to: Path) -> Picture:
    """Decode the whole picture; write its preview and thumbnail as JPEG. Raises Refused(file_bomb, file_broken)."""
    with opened_picture(path, kind, max_pixels=max_pixels) as opened:
        width, height = size_seen(opened)
        preview = upright(opened, (PREVIEW_SIDE, PREVIEW_SIDE))
        preview.save(preview_to, "JPEG", quality=85, optimize=True)
        preview.thumbnail((THUMB_SIDE, THUMB_SIDE))
        preview.save(thumb_to, "JPEG", quality=80, optimize=True)
        return Picture(width, height)


@contextmanager
def opened_picture(path: Path, kind: Kind, *, max_pixels: int) -> "Iterator[ImageFile]":
    """The picture, not decoded yet. What goes wrong inside is raised as Refused(file_bomb, file_broken)."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    warnings.simplefilter("ignore", UserWarning)
    if kind == "heic":
        import pillow_heif

        # Thumbnails off: a preview made from an embedded one would not prove that the picture itself can be read.
        pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)
    try:
        with Image.open(path, formats=[FORMATS[kind]]) as opened:
            _refuse_bomb(opened, max_pixels)
            yield opened
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(refusals.BOMB, str(error)) from error
    except UNREADABLE as error:
        raise Refused(_code_of(error), type(error).__name__) from error


def _refuse_bomb(opened: "ImageFile", max_pixels: int) -> None:
    width, height = opened.size
    if width * height > max_pixels:
        raise Refused(refusals.BOMB, f"{width} x {height} pixels")
    frames = getattr(opened, "n_frames", 1)
    if frames > MAX_FRAMES:
        raise Refused(refusals.BOMB, f"{frames} frames")


def size_seen(opened: "ImageFile") -> tuple[int, int]:
    """Width and height in pixels with the orientation applied."""
    width, height = opened.size
    return (height, width) if _turn_of(opened) in _turns_sideways() else (width, height)


def upright(opened: "ImageFile", most: tuple[int, int]) -> "Image.Image":
    """The picture upright, in sRGB, without metadata, at most `most` wide and high. It is decoded to its end."""
    turn = _turn_of(opened)
    icc_profile = opened.info.get("icc_profile")
    if turn in _turns_sideways():
        most = (most[1], most[0])
    opened.draft("RGB", most)
    opened.load()
    small = _in_srgb(_on_white(_shrunk(opened, most)), icc_profile)
    if turn is not None:
        small = small.transpose(turn)
    # A pasted copy: `save` would carry comment and profile over from `info`.
    small = small.copy()
    small.info = {}
    return small


def _shrunk(opened: "Image.Image", most: tuple[int, int]) -> "Image.Image":
    """At most `most` wide and high, in a mode that keeps what it shows: L, RGB, RGBA or CMYK."""
    if opened.mode.startswith("I"):
        # 16 bits a pixel; `convert` alone would clip all but the darkest 256 shades to white.
        opened = opened.point(lambda shade: shade / 256).convert("L")
    elif opened.mode == "1":
        opened = opened.convert("L")
    elif opened.mode in ("P", "PA", "LA") or "transparency" in opened.info:
        opened = opened.convert("RGBA")
    elif opened.mode not in ("L", "RGB", "RGBA", "CMYK"):
        opened = opened.convert("RGB")
    opened.thumbnail(most, reducing_gap=2.0)
    return opened


def _on_white(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _in_srgb(image: "Image.Image", icc_profile: bytes | None) -> "Image.Image":
    """The colours as meant: the preview goes without a profile, so it must be sRGB."""
    from PIL import ImageCms

    if icc_profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            # A broken profile, or one for other channels: the plain colours are near enough.
            return image.convert("RGB")
        if converted is not None:
            return converted
    return image.convert("RGB")


def _turn_of(opened: "Image.Image") -> "Image.Transpose | None":
    """How to turn the picture upright, by its EXIF. Phones write broken EXIF into sound pictures: then as it is."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    try:
        return turns.get(opened.getexif().get(ORIENTATION, 1))
    except UNREADABLE:
        return None


def _turns_sideways() -> "set[Image.Transpose]":
    from PIL.Image import Transpose

    return {Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90}


def _code_of(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        raise error  # the disk or a limit of this process, not the picture
    if isinstance(error, ValueError) and ("too large" in str(error) or "MAX_TEXT" in str(error)):
        return refusals.BOMB  # compressed text chunks past Pillow's bound
    return refusals.BROKEN
