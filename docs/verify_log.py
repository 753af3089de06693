#!/usr/bin/env python3
"""Holds an exported log to its chains, to its own end and to heads that were kept: verify_log.py LOG [HEADS].

Written from docs/audit.md alone, with nothing but the standard library, as a second opinion on `aegis verify`.
"""

import base64
import hashlib
import json
import sys

ZEROS = bytes(32)


def sha256(parts):
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


def unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError(f"a field is there twice: {[name for name, _ in pairs]}")
    return dict(pairs)


def flat(headers):
    return [text.encode() for pair in sorted(headers) for text in pair]


def hashes(message, body):
    """The hash of the event, and that of the record."""
    headers = [(name, value) for name, values in message["headers"].items() for value in values]
    event = [(name, value) for name, value in headers if name.startswith("ce-")]
    orders = ("Nats-Expected-", "Nats-Batch-")
    kept = [(n, v) for n, v in headers if not n.startswith(orders) and n != "Aegis-Recorded-At"]
    seconds, _, fraction = message["recorded_at"].removesuffix("Z").partition(".")
    time = f"{seconds}.{fraction:0<6.6}Z"
    subject = message["subject"].encode()
    record = [b"aegis-record-1", subject, time.encode(), *flat(kept), body]
    return sha256([subject, *flat(event), body]), sha256(record)


def verify(log, heads):
    chains, last, count, digest, records, end = {}, 0, 0, ZEROS, ZEROS, None
    formats = []
    at_heads = (ZEROS, ZEROS) if heads and heads["sequence"] == 0 else None
    for line in log:
        (kind, content), = json.loads(line, object_pairs_hook=unique).items()
        if end is not None or (kind == "head") != (not formats):
            yield f"end: a line of the kind {kind} where none may be"
        if kind == "head":
            formats.append(content["format"])
        elif kind == "end":
            end = content
        if kind != "message":
            continue
        sequence, headers = content["sequence"], content["headers"]
        body = content["body"].encode() if "body" in content else base64.b64decode(content["body_base64"])
        event, record = hashes(content, body)
        if sequence != last + 1:
            yield f"gap: messages {last + 1} to {sequence - 1} are missing"
        last, count, number = sequence, count + 1, sequence.to_bytes(8, "big")
        digest = hashlib.sha256(digest + number + event).digest()
        records = hashlib.sha256(records + number + record).digest()
        if all(name in headers for name in ("ce-id", "ce-type", "ce-aggregateversion", "ce-previoushash")):
            previous, version = chains.get(content["subject"], (ZEROS, 0))
            if headers["ce-previoushash"] != [previous.hex()]:
                yield f"chain: event {sequence} was not written after the one before it as that stands now"
            if headers["ce-aggregateversion"] != [str(version + 1)]:
                yield f"chain: event {sequence} has version {headers['ce-aggregateversion']}, not {version + 1}"
            chains[content["subject"]] = (event, int(headers["ce-aggregateversion"][0]))
        else:
            yield f"unreadable: message {sequence} is no event"
        if heads and sequence == heads["sequence"]:
            at_heads = (digest, records)
    if end is None or (end["messages"], end["last"], end["digest"]) != (count, last, digest.hex()):
        yield "end: the file was cut off, or changed after it was exported"
    elif formats not in (["aegis-log-1"], ["aegis-log-2"]):
        yield f"head: the file has the formats {formats}, not aegis-log-1 or aegis-log-2"
    elif end.get("records", records.hex() if formats == ["aegis-log-1"] else None) != records.hex():
        yield "end: times of record or headers were changed after the export"
    if heads and at_heads is None:
        yield f"head: the heads end with message {heads['sequence']}, which is missing"
    elif heads and heads["digest"] != at_heads[0].hex():
        yield "head: the log is not the one that the heads were taken of"
    elif heads and heads.get("records", at_heads[1].hex()) != at_heads[1].hex():
        yield "head: times of record or headers are not those that the heads were taken of"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as log:
        kept = json.load(open(sys.argv[2], encoding="utf-8")) if len(sys.argv) > 2 else None
        findings = list(verify(log, kept))
    print("\n".join(findings) or "clean")
    sys.exit(1 if findings else 0)
