# SPDX-License-Identifier: MIT
"""Reads what the benchmarks print; the table, the ratios, what must hold."""

NOT_DURABLE = "swtpm's NV write, not durable, to ours"
WORKS = ("getrandom16", "pcrread", "pcrextend", "getcap", "max4096")


def read(lines):
    """Results of "result NAME UNIT P50 P99 N" lines."""
    results = []
    for line in lines:
        words = line.split()
        if words and words[0] == "result":
            results.append({
                "name": words[1], "unit": words[2], "p50": float(words[3]),
                "p99": float(words[4]), "n": int(words[5])})
    return results


def read_quantiles(lines):
    """NAME -> quantiles, of "quantiles NAME Q..." lines."""
    return {line.split()[1]: [float(q) for q in line.split()[2:]]
            for line in lines if line.startswith("quantiles ")}


def floors(p50):
    """What a way through the chain cannot be faster than: NAME -> VALUE."""
    found = {}

    def floor(name, *parts):
        if name in p50 and all(part in p50 for _, part in parts):
            found[name] = sum(n * p50[part] for n, part in parts)

    for work in WORKS:
        floor(f"{work}/polling", (1, f"{work}/inprocess"),
              (1, "pingpong/spin"), (2, "write/eventfd"))
        floor(f"{work}/sleeping", (1, f"{work}/inprocess"),
              (1, "pingpong/eventfd"))
    floor("nvwrite8/chain", (1, "nvwrite8/inprocess"), (1, "write/fdatasync"))
    return found


def demands(p50, below):
    """What must hold: (WORDS, VALUE, "<=" or ">=", LIMIT)."""
    def ratio(a, b):
        return p50[a] / p50[b] if a in p50 and p50.get(b) else None

    def floor(name):
        return p50[name] / below[name] if name in below else None

    counts = sorted(int(name.split("/")[1]) for name in p50
                    if name.startswith("busy/"))
    most = counts[-1] if counts else 0
    wanted = [
        ("polling: GetRandom to its floor", floor("getrandom16/polling"),
         "<=", 1.5),
        ("polling: swtpm's GetRandom to ours",
         ratio("getrandom16/swtpm", "getrandom16/polling"), ">=", 4),
        ("sleeping: GetRandom to its floor", floor("getrandom16/sleeping"),
         "<=", 1.3),
        ("durable NV write to its floor", floor("nvwrite8/chain"), "<=", 2),
        (NOT_DURABLE, ratio("nvwrite8/swtpm", "nvwrite8/chain"), ">=", 5),
        ("start to first answer, to swtpm's",
         ratio("start/chain", "start/swtpm"), "<=", 1),
        ("memory, to swtpm's", ratio("pss/chain", "pss/swtpm"), "<=", 1),
        ("wake-ups a second, idle vtpm", p50.get("idle/vtpm"), "<=", 0),
        ("wake-ups a second, idle guest", p50.get("idle/guest"), "<=", 0),
        ("speed beside a flood, to beside CPU hogs",
         ratio("rate/flood", "rate/hogs"), ">=", 0.8),
        ("save at the manager, 100,000 vTPMs to 10",
         ratio("managersave/100000", "managersave/10"), "<=", 1.2),
        ("start of the manager's store, 100,000 vTPMs, ms",
         p50.get("managerstart/100000"), "<=", 2000),
    ]
    if most > 100:
        wanted += [
            (f"memory per vTPM, {most} to 100",
             ratio(f"memory/{most}", "memory/100"), "<=", 1.05),
            (f"slowest guest of {most} to the mean",
             p50[f"slowest-to-mean/{most}"], ">=", 0.5),
        ]
    return [w for w in wanted if w[1] is not None]


def excuse(words, limit, p50):
    """Why nothing could meet a demand on this machine, or nothing."""
    if words != NOT_DURABLE:
        return ""
    sync, swtpm = p50["write/fdatasync"], p50["nvwrite8/swtpm"]
    if sync * limit <= swtpm:
        return ""
    memory = p50["nvwrite8mem/swtpm"] / p50["nvwrite8mem/chain"]
    return (f"no durable write can: the disk's own sync takes {sync:.0f} us "
            f"of swtpm's {swtpm:.0f}; with both states in memory {memory:.2f}")


def show(results, out):
    """Prints the table and the verdicts; whether all of them are good."""
    p50 = {r["name"]: r["p50"] for r in results}
    below = floors(p50)
    good = True
    print(f"{'':26}{'p50':>11} {'p99':>11}  {'unit':6}{'n':>9}  "
          f"{'floor':>9} {'ratio':>6}", file=out)
    for r in results:
        name, floor, ratio = r["name"], "", ""
        if name in below:
            floor = f"{below[name]:9.2f}"
            ratio = f"{r['p50'] / below[name]:6.2f}"
        print(f"{name:26}{r['p50']:11.2f} {r['p99']:11.2f}  "
              f"{r['unit']:6}{r['n']:9}  {floor:>9} {ratio:>6}", file=out)
    print("", file=out)
    for words, value, relation, limit in demands(p50, below):
        holds = value <= limit if relation == "<=" else value >= limit
        why_not = "" if holds else excuse(words, limit, p50)
        good = good and (holds or why_not != "")
        verdict = "PASS" if holds else "DISK" if why_not else "FAIL"
        print(f"{verdict}  {words:46}{value:8.2f}  {relation} {limit:g}"
              f"{'  ' + why_not if why_not else ''}", file=out)
    return good
