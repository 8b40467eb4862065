#!/usr/bin/env python3
"""Compare the bodies that `wirelab http --export` writes with those of `tshark --export-objects http`.

    objects.py [--wirelab BIN] [--except FILE] [--only FILE] [--jobs N] [-v] CAPTURES

Of each capture the bodies are compared byte for byte, whatever their names. FILE of --except names captures that differ
for a reason, one a line with the reason behind it; one of those that agrees fails, too. FILE of --only names captures
to look at. A capture in which neither finds a body does not count.
"""
import argparse, collections, concurrent.futures, hashlib, os, subprocess, sys, tempfile


def bodies(argv, folder):
    """The files that a program leaves in a folder, as a bag of lengths and digests."""
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=300)
    found = collections.Counter()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read()
        # tshark writes empty files, too; there is no body in them.
        if data:
            found[(len(data), hashlib.sha256(data).hexdigest())] += 1
    return found


def compare(wirelab, path):
    with tempfile.TemporaryDirectory() as theirs, tempfile.TemporaryDirectory() as ours:
        try:
            want = bodies(["tshark", "-n", "-Q", "-r", path, "--export-objects", "http," + theirs], theirs)
            have = bodies([wirelab, "http", path, "--export", ours], ours)
        except subprocess.TimeoutExpired:
            return None
    return want, have


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wirelab", default="target/release/wirelab")
    parser.add_argument("--except", dest="exceptions")
    parser.add_argument("--only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("captures")
    args = parser.parse_args()
    first_words = lambda path: {line.split()[0] for line in open(path) if line.strip() and not line.startswith("#")}
    excepted = first_words(args.exceptions) if args.exceptions else set()
    names = sorted(
        os.path.relpath(os.path.join(folder, name), args.captures)
        for folder, _, files in os.walk(args.captures)
        for name in files
    )
    if args.only:
        only = first_words(args.only)
        names = [name for name in names if name in only]
    same = compared = equal = wanted = failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = pool.map(lambda name: compare(args.wirelab, os.path.join(args.captures, name)), names)
        for name, result in zip(names, results):
            if result is None:
                print("%s: no answer in time" % name)
                failed += 1
                continue
            want, have = result
            if not want and not have:
                continue
            compared += 1
            wanted += sum(want.values())
            equal += sum((want & have).values())
            if want == have:
                same += 1
                if name in excepted:
                    print("%s: agrees, and is listed as one that does not" % name)
                    failed += 1
            elif name not in excepted or args.v:
                missing, more = want - have, have - want
                print("%s: %d bodies as in tshark; tshark alone %s, wirelab alone %s" % (
                    name, sum((want & have).values()),
                    sorted(size for size, _ in missing.elements())[:8], sorted(size for size, _ in more.elements())[:8]))
                failed += name not in excepted
    print("bodies: %d of tshark's %d byte for byte; captures: %d of %d agree in all" % (equal, wanted, same, compared))
    sys.exit(1 if failed or not compared else 0)


if __name__ == "__main__":
    main()
