"""Copies a safetensors file without some of its tensors.

    python3 shrink.py LARGE SMALL NAME...
"""
import json
import struct
import sys


def read(path):
    """The header and, by name, the bytes of each tensor."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    numbers = {name: data[slice(*entry["data_offsets"])] for name, entry in header.items() if name != "__metadata__"}
    return header, numbers


def write(path, header, numbers):
    """The tensors of `numbers`, in their order, at offsets without holes."""
    kept = {"__metadata__": header["__metadata__"]}
    end = 0
    for name, data in numbers.items():
        kept[name] = {**header[name], "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(kept, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(numbers.values()))


def main(large, small, *unwanted):
    header, numbers = read(large)
    for name in unwanted:
        del numbers[name]
    write(small, header, numbers)


main(*sys.argv[1:])
