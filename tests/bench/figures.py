"""Prints the costs as a table of medians, and whether each goal is met."""

import statistics


class Goals:
    """Checks goals and counts those that are not met."""

    def __init__(self):
        self.unmet = 0

    def goal(self, what, value, limit, unit=""):
        """Prints whether the value is within the limit, and counts it if not."""
        self.unmet += value > limit
        verdict = "NOT MET" if value > limit else "met"
        print(f"{verdict:9}{what}: {value:.2f}{unit}, at most {limit}{unit}", flush=True)


def table(title, costs, per=1, unit="s"):
    """Prints the costs by name, with CPU seconds times `per` in `unit`. Ratios are those of the first name to the others."""
    rounds = min(len(own) for own in costs.values())
    print(f"\n{title}, {rounds} rounds: median (smallest)\n")
    print(f"{'':18}{'wall s':>16}{f'CPU {unit}':>16}{'peak MiB':>10}{'wall ratio':>12}{'CPU':>6}{'peak':>6}")
    first = next(iter(costs))
    for name, own in costs.items():
        wall, cpu = [cost.wall for cost in own], [cost.cpu * per for cost in own]
        ratios = [ratio(costs, first, name, figure) for figure in ("wall", "cpu", "peak")]
        print(f"{name:18}{median_and_min(wall)}{median_and_min(cpu)}{peak(own):10.1f}{ratios[0]:12.2f}{ratios[1]:6.2f}{ratios[2]:6.2f}")
    server = statistics.median(cost.server_cpu * per for cost in costs[first])
    print(f"\nratio: {first}'s figure relative to that row's. The servers used {server:.2f} CPU {unit} for {first}.", flush=True)


def peak(costs):
    return max(cost.peak for cost in costs)


def median_and_min(figures):
    return f"{f'{statistics.median(figures):.2f} ({min(figures):.2f})':>16}"


def ratio(costs, one, other, figure):
    """Returns the median over the rounds of the ratio of one's figure to the other's."""
    pairs = zip(costs[one], costs[other])
    return statistics.median(getattr(own, figure) / getattr(peer, figure) for own, peer in pairs)
