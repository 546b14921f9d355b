"""What happens to a paper before a camera: a table under it, shadows, noise, and every way to spoil a photo."""

import random

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from bench.papers.sheets import scribble

TABLES = ((104, 84, 66), (70, 74, 82), (150, 128, 100), (52, 60, 54))


def grain(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """Grey noise; a seeded one, unlike Pillow's."""
    width, height = size
    return Image.frombytes("L", size, chance.randbytes(width * height))


def noisy(image: Image.Image, chance: random.Random, share: float = 0.05) -> Image.Image:
    return Image.blend(image, grain(image.size, chance).convert("RGB"), share)


def scanned(image: Image.Image, chance: random.Random) -> Image.Image:
    """A hair askew, grey, a little soft."""
    turned = image.rotate(chance.uniform(-0.7, 0.7), resample=Image.Resampling.BICUBIC, fillcolor=(250, 250, 250))
    return noisy(turned.convert("L").convert("RGB").filter(ImageFilter.GaussianBlur(0.5)), chance, 0.03)


def photographed(image: Image.Image, chance: random.Random, askew: float = 2.0) -> Image.Image:
    """On a table, by a phone, up to `askew` degrees off, under a lamp that stands on one side."""
    edge = round(min(image.size) * 0.07)
    paper = image.convert("RGBA").rotate(chance.uniform(-askew, askew), expand=True, resample=Image.Resampling.BICUBIC)
    table = noisy(
        Image.new("RGB", (paper.width + 2 * edge, paper.height + 2 * edge), chance.choice(TABLES)), chance, 0.12
    )
    table.paste(paper, (edge, edge), paper)
    lit = ImageChops.multiply(_leaning(table, chance), _lamp(table.size, chance))
    return noisy(lit.filter(ImageFilter.GaussianBlur(0.7)), chance, 0.03)


def _leaning(image: Image.Image, chance: random.Random) -> Image.Image:
    """Seen a little from one side: no phone is held quite flat."""
    width, height = image.size
    off = [chance.uniform(0, 0.02) * width for _corner in range(4)]
    corners = (off[0], off[0], off[1], height - off[1], width - off[2], height - off[2], width - off[3], off[3])
    return image.transform(image.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)


def _lamp(size: tuple[int, int], chance: random.Random) -> Image.Image:
    light = Image.linear_gradient("L").rotate(chance.choice((0, 90, 180, 270))).resize(size)
    return light.point([round(185 + 70 * level / 255) for level in range(256)]).convert("RGB")


def turned(way: Image.Transpose, image: Image.Image, chance: random.Random, em: float) -> Image.Image:
    return image.transpose(way)


def dark(image: Image.Image, chance: random.Random, em: float) -> Image.Image:
    """Taken in a dark room: little light, much noise."""
    return noisy(ImageEnhance.Brightness(image).enhance(0.12), chance, 0.05)


def dim(image: Image.Image, chance: random.Random, em: float) -> Image.Image:
    """Evening light: a person still reads it well."""
    return noisy(ImageEnhance.Brightness(image).enhance(0.55), chance, 0.03)


def blurred(image: Image.Image, chance: random.Random, em: float) -> Image.Image:
    """So far out of focus that no letter of `em` pixels can be told."""
    return image.filter(ImageFilter.GaussianBlur(em * chance.uniform(0.24, 0.3)))


def cut(image: Image.Image, chance: random.Random, em: float) -> Image.Image:
    """A third or more of the paper lies outside the picture, through the middle of its lines."""
    width, height = image.size
    share = chance.uniform(0.34, 0.44)
    return image.crop(
        chance.choice(
            ((round(width * share), 0, width, height), (0, 0, round(width * (1 - share)), height))
        )
    )  # fmt: skip


def tiny(image: Image.Image, chance: random.Random, em: float) -> Image.Image:
    """A preview that a messenger made, not the photo."""
    small = image.copy()
    small.thumbnail((200, 200))
    return small


def scribbled(image: Image.Image, chance: random.Random, em: float) -> Image.Image:
    """A pen went over a few lines, and a stamp stands on the text."""
    drawn = image.copy()
    pen = ImageDraw.Draw(drawn)
    width, height = drawn.size
    thick = max(2, width // 400)
    for _line in range(3):
        x, y = chance.uniform(0.1, 0.4) * width, chance.uniform(0.1, 0.4) * height
        pen.line(scribble(chance, x, y, width * 0.45, height * 0.02), fill=(40, 50, 140), width=thick, joint="curve")
    centre, radius = (chance.uniform(0.6, 0.75) * width, chance.uniform(0.2, 0.4) * height), width * 0.1
    pen.circle(centre, radius, outline=(70, 80, 170), width=thick * 2)
    pen.circle(centre, radius * 0.8, outline=(70, 80, 170), width=thick)
    return drawn


def strokes(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """A page of lines as of a hand that nobody can read."""
    page = Image.new("RGB", size, (250, 248, 240))
    pen = ImageDraw.Draw(page)
    width, height = size
    for row in range(6, 40):
        x, y = width * 0.08, height * row / 44
        while x < width * 0.88:
            length = chance.uniform(0.04, 0.14) * width
            pen.line(scribble(chance, x, y, length, height * 0.014), fill=(38, 44, 110), width=3, joint="curve")
            x += length + width * 0.02
    return page


def scene(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """A suitcase on a floor before a wall; no letter anywhere."""
    width, height = size
    wall = Image.linear_gradient("L").resize(size).convert("RGB")
    picture = Image.blend(wall, Image.new("RGB", size, tuple(chance.randrange(120, 220) for _ in range(3))), 0.6)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, height * 0.66, width, height), fill=tuple(chance.randrange(60, 120) for _ in range(3)))
    left, top = width * chance.uniform(0.2, 0.35), height * chance.uniform(0.25, 0.35)
    right, bottom = left + width * 0.4, height * 0.82
    body = tuple(chance.randrange(20, 160) for _ in range(3))
    pen.rounded_rectangle((left, top, right, bottom), width // 30, fill=body)
    for n in range(1, 6):
        x = left + (right - left) * n / 6
        pen.line((x, top + 20, x, bottom - 20), fill=tuple(level // 2 for level in body), width=width // 120)
    pen.rectangle((left + width * 0.14, top - height * 0.1, right - width * 0.14, top), outline=(30, 30, 30), width=9)
    pen.line(scribble(chance, left + 40, (top + bottom) / 2, width * 0.3, height * 0.1), fill=(15, 15, 15), width=6)
    for _spot in range(40):
        x, y, radius = chance.uniform(0, width), chance.uniform(0, height), chance.uniform(4, width * 0.04)
        shade = tuple(chance.randrange(40, 230) for _ in range(3))
        pen.circle((x, y), radius, fill=shade)
    return noisy(picture.filter(ImageFilter.GaussianBlur(2)), chance, 0.06)


def empty(size: tuple[int, int], chance: random.Random) -> Image.Image:
    return noisy(Image.new("RGB", size, (248, 248, 246)), chance, 0.03)


def black(size: tuple[int, int], chance: random.Random) -> Image.Image:
    """A finger on the lens."""
    return noisy(Image.new("RGB", size, (6, 5, 5)), chance, 0.02)
