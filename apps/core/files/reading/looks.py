"""Measures how a page looks, by Pillow alone. Runs in the child; no Django here.

The measures are taken on a grey copy of one size, so that they do not depend on the resolution.
"""

from typing import TYPE_CHECKING

from apps.core.files.reading.pages import Look

if TYPE_CHECKING:
    from PIL import Image

SIDE = 1000  # px, the long side of the measured copy
PAPER = 0.9  # the share of pixels that are no brighter than paper
INK = 0.995  # of the local contrasts, the strongest but for specks
NEAR = 4  # px around a pixel, within which ink and paper are both met at an edge


def look_of(image: "Image.Image") -> Look:
    """How the page looks. All four measures are 0 to 1."""
    grey = image.convert("L")
    grey.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    brightness = _level(grey, PAPER)
    ranges = _ranges(grey)
    contrast = _level(ranges, INK)
    return Look(
        brightness=round(brightness / 255, 4),
        contrast=round(contrast / 255, 4),
        sharpness=_sharpness(grey, ranges, contrast),
        ink=_ink(grey, brightness, contrast),
    )


def _ranges(grey: "Image.Image") -> "Image.Image":
    """How far the brightest and the darkest pixel around each pixel are apart."""
    from PIL import ImageChops, ImageFilter

    brightest = darkest = grey
    for _ in range(NEAR):  # many small filters do what one large does in half the time
        brightest, darkest = brightest.filter(ImageFilter.MaxFilter(3)), darkest.filter(ImageFilter.MinFilter(3))
    return ImageChops.subtract(brightest, darkest)


def _level(image: "Image.Image", share: float) -> int:
    """The level that `share` of the pixels do not pass, 0 to 255."""
    counts, seen = image.histogram(), 0
    for level, count in enumerate(counts):
        seen += count
        if seen >= share * image.width * image.height:
            return level
    return 255


def _sharpness(grey: "Image.Image", ranges: "Image.Image", contrast: int) -> float:
    """How much of the way from ink to paper edges go at once, where there are edges; darkness does not blur."""
    from PIL import ImageFilter, ImageStat

    edges = ranges.point([255 if level > max(contrast / 2, 4) else 0 for level in range(256)])
    kernel = ImageFilter.Kernel((3, 3), (0, -1, 0, -1, 4, -1, 0, -1, 0), scale=4, offset=128)
    bends = grey.filter(kernel)
    if not edges.getbbox() or contrast == 0:
        return 0.0
    bend = ImageStat.Stat(bends, edges).stddev[0]
    return round(min(bend / ImageStat.Stat(ranges, edges).mean[0], 1.0), 4)


def _ink(grey: "Image.Image", brightness: int, contrast: int) -> float:
    """The share of pixels nearer to ink than to paper."""
    middle = max(round(brightness - contrast / 2), 0)
    return round(sum(grey.histogram()[:middle]) / (grey.width * grey.height), 4)
