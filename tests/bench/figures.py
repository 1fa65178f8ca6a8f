# SPDX-License-Identifier: MIT
"""Samples, and the table of what is required: a row is a figure, its limit and whether it holds."""
import collections
import statistics


def parse(text):
    """Lines "name number": the numbers of each name."""
    samples = collections.defaultdict(list)
    for line in text.splitlines():
        name, number = line.split()
        samples[name].append(float(number))
    return samples


def spread(numbers):
    """Median and the tenths at both ends; None for nothing."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    return {"median": statistics.median(ordered), "p10": ordered[len(ordered) // 10],
            "p90": ordered[len(ordered) * 9 // 10], "count": len(ordered)}


def middle(samples, name, scale=1):
    """The median, and what was disturbed least; None and None for what was not measured."""
    found = spread(samples.get(name))
    return (found["median"] * scale, found["p10"] * scale) if found else (None, None)


def ratio(samples, above, below):
    """Of the medians, and of the tenths that were disturbed least; None where one of the two was not measured."""
    if not samples.get(above) or not samples.get(below):
        return None, None
    top, bottom = spread(samples[above]), spread(samples[below])
    return top["median"] / bottom["median"], top["p10"] / bottom["p10"]


class Table:
    """Rows in order, in sections. A figure of None is of something that is not there, and does not hold."""

    def __init__(self):
        self.rows = []
        self.section = ""

    def row(self, what, figure, most=None, least=None, exact=False, unit="", undisturbed=None):
        """`exact` figures do not depend on what else the computer does; of the others the undisturbed is told too."""
        holds = figure is not None and (most is None or figure <= most) and (least is None or figure >= least)
        self.rows.append({"section": self.section, "what": what, "figure": figure, "undisturbed": undisturbed,
                          "most": most, "least": least, "exact": exact, "unit": unit, "holds": holds})

    def required(self):
        return [row for row in self.rows if row["most"] is not None or row["least"] is not None]

    def exact_holds(self):
        return all(row["holds"] for row in self.required() if row["exact"])


def digits(figure):
    """Four places that count, and whole numbers whole."""
    return f"{figure:,.0f}" if figure >= 1000 or figure == int(figure) else f"{figure:.4g}"


def verdict(row):
    if row["most"] is None and row["least"] is None:
        return "" if row["figure"] is not None else "not there"
    limit = f"<= {digits(row['most'])}" if row["most"] is not None else f">= {digits(row['least'])}"
    if row["figure"] is None:
        return f"{limit:10} MISSED: not there"
    return f"{limit:10} {'holds' if row['holds'] else 'MISSED'}"


def line(row):
    figure = "" if row["figure"] is None else f"{digits(row['figure'])} {row['unit']}".rstrip()
    undisturbed = "" if row["undisturbed"] is None else digits(row["undisturbed"])
    return f"  {row['what']:72}{figure:>14}{undisturbed:>10}  {verdict(row)}".rstrip()


def tell(table):
    section = None
    for row in table.rows:
        if row["section"] != section:
            section = row["section"]
            print(f"\n{section:74}{'measured':>14}{'quiet':>10}  required")
        print(line(row))
    required = table.required()
    print(f"\n{sum(row['holds'] for row in required)} of {len(required)} requirements hold. `quiet`: of the tenth of"
          " the samples that was disturbed least.")
