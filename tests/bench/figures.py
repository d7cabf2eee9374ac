"""What is printed of the costs: a table of medians, and each goal as met or not."""

import statistics


class Goals:
    """Counts the goals that are not met."""

    def __init__(self):
        self.unmet = 0

    def goal(self, what, value, limit, unit=""):
        """Prints and counts."""
        self.unmet += value > limit
        verdict = "NOT MET" if value > limit else "met"
        print(f"{verdict:9}{what}: {value:.2f}{unit}, at most {limit}{unit}", flush=True)


def table(title, costs, per=1, unit="s"):
    """Prints the costs by name, CPU seconds times `per` in `unit`. The first name is the one that is compared."""
    rounds = min(len(own) for own in costs.values())
    print(f"\n{title}, {rounds} rounds: median (smallest)\n")
    print(f"{'':18}{'wall s':>16}{f'CPU {unit}':>16}{'peak MiB':>10}{'wall ratio':>12}{'CPU':>6}{'peak':>6}")
    first = next(iter(costs))
    for name, own in costs.items():
        wall, cpu = [cost.wall for cost in own], [cost.cpu * per for cost in own]
        ratios = [ratio(costs, first, name, figure) for figure in ("wall", "cpu", "peak")]
        print(f"{name:18}{both(wall)}{both(cpu)}{peak(own):10.1f}{ratios[0]:12.2f}{ratios[1]:6.2f}{ratios[2]:6.2f}")
    server = statistics.median(cost.server_cpu * per for cost in costs[first])
    print(f"\nratio: {first}'s figure by it. The servers used {server:.2f} CPU {unit} for {first}.", flush=True)


def peak(costs):
    return max(cost.peak for cost in costs)


def both(figures):
    return f"{f'{statistics.median(figures):.2f} ({min(figures):.2f})':>16}"


def ratio(costs, one, other, figure):
    """The median over the rounds of one's figure by the other's."""
    pairs = zip(costs[one], costs[other])
    return statistics.median(getattr(own, figure) / getattr(peer, figure) for own, peer in pairs)
