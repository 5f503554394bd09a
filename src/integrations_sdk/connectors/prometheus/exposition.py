"""The text exposition format, version 0.0.4. Pure.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/. Names are escaped by underscores
(https://prometheus.io/docs/instrumenting/escaping_schemes/), which every version of Prometheus reads.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import attrs

from integrations_sdk.connectors.base import Metric

__all__ = ["CONTENT_TYPE", "Family", "Sample", "label_name", "metric_name", "render_exposition"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""What an HTTP answer with the rendered text says of it."""

_UNITS: Final = {"second": "seconds", "millisecond": "milliseconds", "byte": "bytes", "bit": "bits"}


@attrs.frozen(kw_only=True)
class Sample:
    """One value of a family.

    Attributes:
        suffix: what the family's name is continued with, e.g. `_bucket`.
    """

    value: float
    labels: Mapping[str, str] = attrs.field(factory=dict)
    suffix: str = ""


@attrs.frozen(kw_only=True)
class Family:
    """All samples of one metric; names are made valid when it is rendered."""

    name: str
    samples: tuple[Sample, ...]
    kind: Literal["counter", "gauge", "histogram", "untyped"] = "untyped"
    help: str = ""


def metric_name(text: str, unit: str | None = None) -> str:
    """A valid metric name: `deploy.duration` in `second` becomes `deploy_duration_seconds`."""
    name = re.sub(r"[^a-zA-Z0-9_:]", "_", text)
    if unit is not None:
        suffix = re.sub(r"[^a-zA-Z0-9_]", "_", _UNITS.get(unit, unit))
        name = name if name.endswith(suffix) else f"{name}_{suffix}"
    return name if re.match(r"[a-zA-Z_:]", name) else f"_{name}"


def label_name(text: str) -> str:
    """A valid label name; two underscores at its start are Prometheus's own, so one is left."""
    name = re.sub(r"^__+", "_", re.sub(r"[^a-zA-Z0-9_]", "_", text))
    return name if re.match(r"[a-zA-Z_]", name) else f"_{name}".replace("__", "_", 1)


def render_exposition(metrics: Iterable[Metric | Family]) -> str:
    """The text that a scrape, or a push, carries.

    A `Metric` is a gauge whatever its kind: Prometheus's counters go on counting over the life of a
    process, which the counts of single reports do not (`MetricRegistry` keeps real counters). Its time
    is left out, as Prometheus asks of everything but copies of other systems' data. Of two values with the
    same name and labels the last counts; of two families with the same name the first kind and help.
    """
    families: dict[str, Family] = {}
    values: dict[str, dict[str, float]] = {}
    for metric in metrics:
        family = metric if isinstance(metric, Family) else _family_of(metric)
        name = metric_name(family.name)
        families.setdefault(name, family)
        series = values.setdefault(name, {})
        for sample in family.samples:
            series[name + sample.suffix + _labels(sample.labels)] = sample.value
    lines: list[str] = []
    for name, family in families.items():
        if family.help:
            lines.append(f"# HELP {name} {_escaped(family.help)}")
        lines.append(f"# TYPE {name} {family.kind}")
        lines += [f"{series} {_number(value)}" for series, value in values[name].items()]
    return "".join(f"{line}\n" for line in lines)


def _family_of(metric: Metric) -> Family:
    sample = Sample(value=metric.value, labels=metric.tags)
    return Family(name=metric_name(metric.name, metric.unit), kind="gauge", samples=(sample,))


def _labels(labels: Mapping[str, str]) -> str:
    valid = {label_name(name): value for name, value in labels.items()}
    pairs = (f'{name}="{_escaped(value, quote=True)}"' for name, value in sorted(valid.items()))
    return "{" + ",".join(pairs) + "}" if valid else ""


def _escaped(text: str, *, quote: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quote else text


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))
