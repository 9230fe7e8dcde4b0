"""Writes parquet.json: small tables as pyarrow writes them, one for each compression, as base64.

Packages: pyarrow; the version used is written into the file.
"""
import base64
import datetime
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def file(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return base64.b64encode(out.getvalue()).decode()


table = pa.table({
    "file": ["a.png", "b.png", None, "c.png"],
    "text": ["Large effusion, left.", 'Said "clear", ä', None, None],
    "patient": pa.array([7, 9007199254740993, None, 3], pa.int64()),
    "edema": pa.array([1.0, -1.0, None, float("nan")]),
    "clear": [True, False, None, None],
    "taken": [datetime.date(2015, 3, 3), None, None, datetime.date(1969, 12, 31)],
    "at": pa.array([datetime.datetime(2015, 3, 3, 12, 30), None, None, None], pa.timestamp("us")),
    "labels": [["edema", "mass"], [], None, None],
    "view": pa.array(["PA", "AP", None, "PA"]).dictionary_encode(),
})
images = pa.table({
    "image": pa.array([{"bytes": b"\x89PNG", "path": "a.png"}], pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    "text": ["Clear."],
})
golden = {
    "pyarrow": pa.__version__,
    "tables": {name: file(table, compression=name) for name in ("none", "snappy", "gzip", "brotli", "zstd", "lz4")},
    "groups": file(table, row_group_size=2, use_dictionary=False, data_page_version="2.0"),
    "images": file(images),
    "empty": file(table.slice(0, 0)),
}
Path(__file__).with_name("parquet.json").write_text(json.dumps(golden, indent=1) + "\n")
