#!/usr/bin/env python3
"""Make a repeatable stream of log events as newline-delimited JSON batches, for machines without the shared corpus.

  corpus.py --events 500000 --out DIR [--seed 1] [--batch 1000]
"""
import argparse, json, os, random

LEVELS = ["DEBUG"] * 3 + ["INFO"] * 12 + ["WARN"] * 2 + ["ERROR"] * 2
SERVICES = [f"{stem}-{kind}" for stem in ("order", "cart", "payment", "search", "auth", "mail", "stock", "edge")
            for kind in ("api", "worker", "service")]


def message(level, rnd, service):
    number = rnd.getrandbits(18)
    if level == "DEBUG":
        return f"lookup key=item:{number} shard={rnd.getrandbits(4)} took={rnd.getrandbits(9)}us"
    if level == "INFO":
        return f"{rnd.choice(('GET', 'POST'))} /v1/items/{number} {rnd.choice((200, 200, 200, 404))} {rnd.getrandbits(8)}ms"
    if level == "WARN":
        return f"slow answer from {rnd.choice(SERVICES)}: {rnd.getrandbits(12)}ms, attempt {1 + rnd.getrandbits(2)}"
    if rnd.getrandbits(1):
        return f"Payment failed: card declined by processor, order={number}"
    return f"connection to {service} timed out after {rnd.getrandbits(13)}ms request={rnd.getrandbits(64):016x}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=1000)
    arguments = parser.parse_args()
    rnd = random.Random(arguments.seed)
    os.makedirs(arguments.out, exist_ok=True)
    hosts = {service: [f"ip-10-0-{rnd.getrandbits(6)}-{rnd.getrandbits(7)}" for _ in range(12)] for service in SERVICES}
    lines, written = [], 0
    for index in range(arguments.events):
        level, service = rnd.choice(LEVELS), rnd.choice(SERVICES)
        seconds, millis = divmod(index // 20, 1000)
        text = message(level, rnd, service) + (" NEEDLE-ONCE" if index == arguments.events // 3 else "")
        event = {"ts": f"2025-06-15T{14 + seconds // 3600 % 10:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{millis:03d}Z",
                 "level": level, "service": service, "host": rnd.choice(hosts[service]), "environment": "production",
                 "msg": text, "trace_id": f"{rnd.getrandbits(64):016x}", "user_id": f"u_{rnd.getrandbits(20)}"}
        lines.append(json.dumps(event, separators=(",", ":")))
        if len(lines) == arguments.batch or index == arguments.events - 1:
            with open(os.path.join(arguments.out, f"batch-{written:06d}.ndjson"), "w") as f:
                f.write("\n".join(lines) + "\n")
            lines, written = [], written + 1


if __name__ == "__main__":
    main()
