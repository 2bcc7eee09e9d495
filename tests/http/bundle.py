# SPDX-License-Identifier: Apache-2.0
"""Changes a model bundle (models/FORMAT.md) into one that loads but cannot be used."""

import hashlib
import json
import struct


def poison(source, target):
    """Classifier weights so large that the logits overflow: every pass of the network fails."""
    data = bytearray(source.read_bytes())
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(bytes(data[8:8 + size]))
    start = 8 + size
    begin, end = header["classifier.weight"]["data_offsets"]
    data[start + begin:start + end] = struct.pack("<f", 3e38) * ((end - begin) // 4)
    metadata = header["__metadata__"]
    digest = hashlib.sha256(data[start:])
    for name in ("config", "labels", "settings"):
        digest.update(metadata[name].encode() + b"\0")
    old = metadata["sha256"].encode()
    data[8:start] = bytes(data[8:start]).replace(old, digest.hexdigest().encode())
    target.write_bytes(data)
