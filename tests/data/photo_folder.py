"""Paints a folder of photos to train on: six classes of 60, 500x300 pixels, coloured and textured shapes on clutter, as JPEG,
PNG and WebP; a third of the JPEGs lie on their side, as EXIF says.

    python3 tests/data/photo_folder.py FOLDER [PHOTOS_OF_A_CLASS]       (Debian: python3-pil)
"""
import math, os, random, sys
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 500, 300
CLASSES = {
    "beetle": ((190, 40, 40), "circle", "dots"),
    "zebra": ((225, 225, 225), "square", "stripes"),
    "leaf": ((60, 140, 50), "ellipse", "stripes"),
    "tent": ((210, 150, 40), "triangle", "plain"),
    "star": ((230, 200, 60), "star", "dots"),
    "buoy": ((50, 90, 190), "ring", "plain"),
}


def near(random, colour, by):
    return tuple(max(0, min(255, c + random.randint(-by, by))) for c in colour)


def outline(shape, n=60):
    if shape == "square":
        return [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    if shape == "triangle":
        return [(0, -1.2), (1.1, 0.8), (-1.1, 0.8)]
    if shape == "star":
        return [((1.25 if i % 2 == 0 else 0.5) * math.sin(math.pi * i / 5), -(1.25 if i % 2 == 0 else 0.5) * math.cos(math.pi * i / 5))
                for i in range(10)]
    flat = 0.5 if shape == "ellipse" else 1
    return [(1.1 * math.cos(2 * math.pi * i / n), 1.1 * flat * math.sin(2 * math.pi * i / n)) for i in range(n)]


def clutter(random, draw):
    for _ in range(random.randint(15, 30)):
        x, y = random.randint(-40, WIDTH), random.randint(-40, HEIGHT)
        w, h = random.randint(10, 120), random.randint(10, 90)
        colour = tuple(random.randint(0, 255) for _ in range(3))
        kind = random.randrange(3)
        if kind == 0:
            draw.rectangle((x, y, x + w, y + h), fill=colour)
        elif kind == 1:
            draw.ellipse((x, y, x + w, y + h), fill=colour)
        else:
            draw.line((x, y, x + 2 * w - 100, y + 2 * h - 80), fill=colour, width=random.randint(2, 10))


def photo(random, colour, shape, texture):
    im = Image.new("RGB", (WIDTH, HEIGHT), tuple(random.randint(40, 210) for _ in range(3)))
    clutter(random, ImageDraw.Draw(im))
    radius = random.uniform(55, 95)
    cx, cy = WIDTH / 2 + random.uniform(-60, 60), HEIGHT / 2 + random.uniform(-40, 40)
    turn = random.uniform(0, 2 * math.pi)
    place = lambda x, y, r=radius: (cx + r * (x * math.cos(turn) - y * math.sin(turn)), cy + r * (x * math.sin(turn) + y * math.cos(turn)))
    mask = Image.new("L", im.size)
    ImageDraw.Draw(mask).polygon([place(*p) for p in outline(shape)], fill=255)
    if shape == "ring":
        ImageDraw.Draw(mask).polygon([place(x, y, 0.5 * radius) for x, y in outline("circle")], fill=0)
    skin = Image.new("RGB", im.size, near(random, colour, 25))
    draw = ImageDraw.Draw(skin)
    dark = near(random, tuple(c // 4 for c in colour), 15)
    if texture == "stripes":
        for i in range(-6, 7):
            draw.line((*place(i / 3, -2), *place(i / 3, 2)), fill=dark, width=int(radius / 7))
    elif texture == "dots":
        for _ in range(14):
            x, y = place(random.uniform(-1, 1), random.uniform(-1, 1))
            r = radius / 8
            draw.ellipse((x - r, y - r, x + r, y + r), fill=dark)
    im.paste(skin, mask=mask)
    noise = Image.effect_noise(im.size, 40).convert("RGB")
    return Image.blend(im, noise, random.uniform(0.05, 0.15))


def main(folder, count):
    source = random.Random(7)
    for name, look in CLASSES.items():
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        for i in range(count):
            im = photo(source, *look)
            path = f"{folder}/{name}/{i:03d}"
            kind = i % 5
            if kind == 3:
                im.save(path + ".png")
            elif kind == 4:
                im.save(path + ".webp", quality=85)
            elif kind == 2:
                block = Image.Exif()
                block[0x0112] = 6
                im.transpose(Image.ROTATE_90).save(path + ".JPG", quality=88, exif=block.tobytes())
            else:
                im.save(path + ".jpg", quality=88)


main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60)
