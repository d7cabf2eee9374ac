"""Generates the archives to unpack, once and from fixed seeds, under .tools/bench/archives."""

import random
import struct
import zipfile
import zlib

from measured import MIB
from tools import ARCHIVES

# Width and height of common banners.
BANNERS = [(300, 250), (728, 90), (160, 600), (320, 50), (970, 250)]
# Compressed sizes in MiB. The archive has two stored and two deflated files of each size, 2 GiB together.
COMPRESSED_MIB = [8, 12, 16, 24, 32, 40, 48, 64, 96, 172]
# The number of different words with which `random_text` deflates to half its size.
VOCABULARY = 2760


def image_archive():
    """Returns the name of an archive of 1,000 PNGs of banner sizes, 166 KiB on average.

    The PNGs are deflated again in the archive, as most programs do.
    """
    return create_once("images.zip", write_images)


def large_archive():
    """Returns the name of an archive of 2 GiB: 20 stored files of noise, like video, and 20 that deflate to half."""
    return create_once("large.zip", write_large)


def create_once(name, write):
    """Writes an archive unless it exists, and returns its name."""
    path = ARCHIVES / name
    if not path.exists():
        ARCHIVES.mkdir(parents=True, exist_ok=True)
        print(f"generating {path}", flush=True)
        temporary = path.with_suffix(".new")
        with zipfile.ZipFile(temporary, "w") as archive:
            write(archive)
        temporary.rename(path)
    return name


def write_images(archive):
    # Noise of sixteen values, which compresses to half its size.
    noise = random.Random(1).randbytes(4 * MIB).translate(bytes(byte & 15 for byte in range(256)))
    for number in range(1000):
        width, height = BANNERS[number % len(BANNERS)]
        row = 3 * width
        at = [number * 977 + line * row for line in range(height)]
        # Each row begins with its filter type: none.
        lines = b"".join(b"\0" + noise[start : start + row] for start in at)
        name = f"banner-{number}-{width}x{height}.png"
        archive.writestr(name, png(width, height, lines), zipfile.ZIP_DEFLATED)


def png(width, height, lines):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    encoded = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(encoded)


def write_large(archive):
    noise, words = random.Random(2).randbytes(17 * MIB), random_text()
    for number, mebibytes in enumerate(COMPRESSED_MIB * 2):
        video = zipfile.ZipInfo(f"video-{number}.mp4")
        video.compress_type = zipfile.ZIP_STORED
        add_file(archive, video, noise, mebibytes * MIB, number)
        layers = zipfile.ZipInfo(f"layers-{number}.psd")
        layers.compress_type = zipfile.ZIP_DEFLATED
        add_file(archive, layers, words, 2 * mebibytes * MIB, number)


def random_text():
    """Generates text from a vocabulary, with matches and literals for deflate. It deflates to half its size."""
    generator = random.Random(3)
    words = [generator.randbytes(generator.randrange(3, 11)) for _ in range(VOCABULARY)]
    return b"".join(generator.choices(words, k=3 * MIB))


def add_file(archive, information, block, length, number):
    """Adds a file with bytes of a block, from another offset for each number. No deflate window spans the block."""
    with archive.open(information, "w", force_zip64=True) as file:
        at = number * 786_433 % len(block)
        while length:
            piece = block[at : at + min(length, MIB)]
            file.write(piece)
            length -= len(piece)
            at = (at + len(piece)) % len(block)
