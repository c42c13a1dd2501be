"""ICC profiles made on the spot: a matrix of primaries and one gamma."""

import struct

import numpy as np

D50 = np.array([0.9642, 1, 0.8249])
# Primaries and white at D50, as ICC wants them: columns red, green, blue.
PROPHOTO = np.array(
    [
        [0.7976749, 0.1351917, 0.0313534],
        [0.2880402, 0.7118741, 0.0000857],
        [0, 0, 0.82521],
    ]
)
SRGB = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)


def matrix_profile(primaries, gamma):
    """An ICC 2.1 display profile of three primaries and one exponent."""

    def fixed(number):
        return struct.pack(">i", round(number * 65536))

    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", 5) + b"made\0" + b"\0" * 78),
        (b"cprt", b"text\0\0\0\0none\0"),
        (b"wtpt", xyz(D50)),
        *zip([b"rXYZ", b"gXYZ", b"bXYZ"], map(xyz, primaries.T)),
        *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    offset, table, data = 132 + 12 * len(tags), b"", b""
    for name, content in tags:
        content += b"\0" * (-len(content) % 4)
        table += name + struct.pack(">II", offset + len(data), len(content))
        data += content
    header = struct.pack(
        ">I4sI4s4s4s", offset + len(data), b"none", 0x2100000, b"mntr", b"RGB ", b"XYZ "
    )
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + b"".join(map(fixed, D50))
    header += b"\0" * 48
    return header + struct.pack(">I", len(tags)) + table + data


def linear(srgb):
    """sRGB of 0..255 as linear light of 0..1; IEC 61966-2-1."""
    srgb = np.asarray(srgb) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
