"""The archives that are unpacked: made once from fixed seeds, and kept under .tools/bench/archives."""

import random
import struct
import zipfile
import zlib

from measured import MIB
from tools import ARCHIVES

# Width and height of common banners.
BANNERS = [(300, 250), (728, 90), (160, 600), (320, 50), (970, 250)]
# MiB that a file takes in the archive: two stored ones and two deflated ones of each, 2 GiB together.
PACKED = [8, 12, 16, 24, 32, 40, 48, 64, 96, 172]
# So many different words make `worded` deflate to half.
VOCABULARY = 2760


def images():
    """1,000 PNGs of banner sizes, 166 KiB on average, deflated once more as most programs do; its name."""
    return made("images.zip", write_images)


def large():
    """2 GiB: 20 stored files of noise, such as video is, and 20 that deflate to half, such as layers are; its name."""
    return made("large.zip", write_large)


def made(name, write):
    path = ARCHIVES / name
    if not path.exists():
        ARCHIVES.mkdir(parents=True, exist_ok=True)
        print(f"making {path}", flush=True)
        unfinished = path.with_suffix(".new")
        with zipfile.ZipFile(unfinished, "w") as archive:
            write(archive)
        unfinished.rename(path)
    return name


def write_images(archive):
    # Sixteen shades of noise: compresses to half.
    noise = random.Random(1).randbytes(4 * MIB).translate(bytes(byte & 15 for byte in range(256)))
    for number in range(1000):
        width, height = BANNERS[number % len(BANNERS)]
        row = 3 * width
        at = [number * 977 + line * row for line in range(height)]
        # Each row begins with its filter: none.
        lines = b"".join(b"\0" + noise[start : start + row] for start in at)
        name = f"banner-{number}-{width}x{height}.png"
        archive.writestr(name, png(width, height, lines), zipfile.ZIP_DEFLATED)


def png(width, height, lines):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    whole = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(whole)


def write_large(archive):
    noise, words = random.Random(2).randbytes(17 * MIB), worded()
    for number, packed in enumerate(PACKED * 2):
        add(archive, f"video-{number}.mp4", noise, packed * MIB, number, zipfile.ZIP_STORED)
        add(archive, f"layers-{number}.psd", words, 2 * packed * MIB, number, zipfile.ZIP_DEFLATED)


def worded():
    """Text of a vocabulary: matches and literals in turn, and half as long once it is deflated."""
    chance = random.Random(3)
    words = [chance.randbytes(chance.randrange(3, 11)) for _ in range(VOCABULARY)]
    return b"".join(chance.choices(words, k=3 * MIB))


def add(archive, name, block, length, number, method):
    """A file of so many bytes of a block, from another place for each; no window of deflate spans the block."""
    information = zipfile.ZipInfo(name)
    information.compress_type = method
    with archive.open(information, "w", force_zip64=True) as file:
        at = number * 786_433 % len(block)
        while length:
            piece = block[at : at + min(length, MIB)]
            file.write(piece)
            length -= len(piece)
            at = (at + len(piece)) % len(block)
