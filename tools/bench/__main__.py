"""Time the builds of the book, and print them as ratios within one run.

Usage: python tools/bench [--build DIR] [--only PART] [--rounds N]
"""

import argparse
import os
from pathlib import Path

from checkout import checkout
from cold import cold
from growth import growth
from measure import cores
from peers import peers
from warm import warm

PARTS = ("cold", "peers", "warm", "growth")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("_build"))
    parser.add_argument("--only", choices=PARTS, help="one part; all without it")
    parser.add_argument(
        "--rounds", type=int, default=1, help="long builds so often, the least counts"
    )
    given = parser.parse_args()
    parts = {given.only} if given.only else set(PARTS)
    busy = os.getloadavg()[0]
    print(f"{cores()} cores; load before the start {busy:.1f}", end="")
    print("; others use them: trust the CPU times" if busy > 0.5 else "")
    if parts & {"cold", "peers", "warm"}:
        with checkout() as copy:
            print()
            is_asked = parts & {"cold"}
            ours = cold(copy, given.rounds) if is_asked else copy.build()
            if "peers" in parts:
                print()
                peers(copy.notebooks, ours, given.rounds, given.build / "bench")
            if "warm" in parts:
                print()
                warm(copy)
    if "growth" in parts:
        print()
        growth()


if __name__ == "__main__":
    main()
