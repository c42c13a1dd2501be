"""The papers' figures as the slides print them; none of them is measured here.

Slides: "Performance comparison on AVA database", "PIAA Database: FLICKR-AES",
"Personality prediction performance", Tables I and II of BLG-PIAA. A measured system is
set beside the rows that bear its name.
"""

from __future__ import annotations

from typing import NamedTuple

PERSONAL_SET = "FLICKR-AES"
GENERIC_SET = "AVA"
TRAITS_SET = "PsychoFlickr"


class Personal(NamedTuple):
    """SROCC of a personal system, mean and spread over repeats.

    Attributes:
        name: of the row, and of the measured system.
        srocc: n -> (mean, plus-minus).
    """

    name: str
    srocc: dict[int, tuple[float, float]]


class Generic(NamedTuple):
    """A row of the AVA table; NaN where the slides have none.

    Attributes:
        name: of the row.
        system: name of the measured system it stands beside; "" for none.
        acc: accuracy in per cent.
        srocc: rank correlation of mean scores.
        emd: earth mover's distance, most likely with r = 1.
    """

    name: str
    system: str
    acc: float
    srocc: float
    emd: float


class Traits(NamedTuple):
    """A row of the personality table.

    Attributes:
        name: of the row.
        system: name of the measured system it stands beside; "" for none.
        figures: from openness to neuroticism; the slides do not name the measure,
            which is most likely a correlation.
    """

    name: str
    system: str
    figures: tuple[float, float, float, float, float]


class Backbone(NamedTuple):
    """A row of BLG-PIAA's Table II.

    Attributes:
        backbone: as the slides write it.
        system: name of the measured system.
        srocc: n -> (mean, plus-minus).
    """

    backbone: str
    system: str
    srocc: dict[int, tuple[float, float]]


def _both(
    ten: float, ten_spread: float, hundred: float, hundred_spread: float
) -> dict[int, tuple[float, float]]:
    return {10: (ten, ten_spread), 100: (hundred, hundred_spread)}


PERSONAL = (
    Personal("FPMF (only attribute)", _both(0.511, 0.004, 0.516, 0.003)),
    Personal("FPMF (only content)", _both(0.512, 0.002, 0.516, 0.010)),
    Personal("FPMF (content and attribute)", _both(0.513, 0.003, 0.524, 0.007)),
    Personal("PAM (only attribute)", _both(0.518, 0.003, 0.539, 0.013)),
    Personal("PAM (only content)", _both(0.515, 0.004, 0.535, 0.017)),
    Personal("PAM (content and attribute)", _both(0.520, 0.003, 0.553, 0.012)),
    Personal("USAR_PPR", _both(0.521, 0.002, 0.544, 0.007)),
    Personal("USAR_PAD", _both(0.520, 0.003, 0.537, 0.003)),
    Personal("USAR_PPR&PAD", _both(0.525, 0.004, 0.552, 0.015)),
    Personal("MT_IAA", _both(0.523, 0.004, 0.582, 0.014)),
    Personal("PA_IAA", _both(0.543, 0.003, 0.639, 0.011)),
    Personal("BA-PIAA", _both(0.524, 0.004, 0.583, 0.014)),
    Personal("BLG-PIAA", _both(0.561, 0.005, 0.669, 0.013)),
)

_NONE = float("nan")
GENERIC = (
    Generic(
        "AVA handcrafted features", "Handcrafted features + SVR", 68.0, _NONE, _NONE
    ),
    Generic("RAPID", "", 74.5, _NONE, _NONE),
    Generic("RAPID (improved version)", "", 75.4, _NONE, _NONE),
    Generic("DMA", "", 75.4, _NONE, _NONE),
    Generic("Wang et al.", "", 76.9, _NONE, _NONE),
    Generic("Kao et al. [27]", "", 76.2, _NONE, _NONE),
    Generic("BDN", "", 78.1, _NONE, _NONE),
    Generic("Kao et al. [29]", "", 79.1, _NONE, _NONE),
    Generic("Zhang et al.", "", 78.8, _NONE, _NONE),
    Generic("Schwarz et al.", "", 75.8, _NONE, _NONE),
    Generic("Kucer et al.", "", 81.9, _NONE, _NONE),
    Generic("ILGNet", "", 82.7, _NONE, _NONE),
    Generic("AlexNet_FT_Conf", "", 71.5, 0.481, _NONE),
    Generic("Reg+Rank+Att", "Reg+Rank+Att", 75.5, 0.545, _NONE),
    Generic("Reg+Rank+Cont", "Reg+Rank+Cont", 73.4, 0.541, _NONE),
    Generic("Reg+Rank+Att+Cont", "Reg+Rank+Att+Cont", 77.3, 0.558, _NONE),
    Generic("USAR_PPR", "USAR_PPR", 72.4, 0.600, _NONE),
    Generic("USAR_PAD", "USAR_PAD", 77.7, 0.545, _NONE),
    Generic("USAR_PPR&PAD", "USAR_PPR&PAD", 78.1, 0.578, _NONE),
    Generic("NIMA(Inception-v2)", "NIMA", 81.5, 0.612, 0.050),
    Generic("NIMA(VGG16)", "NIMA", 80.6, 0.592, 0.054),
    Generic("Inception-v3(aesthetics)", "Single task (aesthetics)", 80.9, 0.638, 0.050),
    Generic("DenseNet121(aesthetics)", "Single task (aesthetics)", 80.5, 0.630, 0.051),
    Generic("PA_IAA(Inception-v3)", "PA_IAA", 83.7, 0.677, 0.047),
    Generic("PA_IAA(DenseNet121)", "PA_IAA", 82.9, 0.666, 0.049),
)

TRAITS = (
    Traits("Segalin et al.", "", (0.354, 0.535, 0.625, 0.476, 0.613)),
    Traits("Guntuku et al.", "", (0.398, 0.552, 0.679, 0.525, 0.636)),
    Traits(
        "Inception-v3(personality)",
        "Single task (personality)",
        (0.536, 0.654, 0.703, 0.651, 0.709),
    ),
    Traits(
        "DenseNet121(personality)",
        "Single task (personality)",
        (0.548, 0.647, 0.711, 0.638, 0.698),
    ),
    Traits("PA_IAA(Inception-v3)", "PA_IAA", (0.555, 0.668, 0.715, 0.662, 0.717)),
    Traits("PA_IAA(DenseNet121)", "PA_IAA", (0.567, 0.659, 0.722, 0.646, 0.708)),
)

BACKBONES = (
    Backbone("AlexNet", "BA-PIAA", _both(0.491, 0.002, 0.556, 0.007)),
    Backbone("AlexNet", "BLG-PIAA", _both(0.534, 0.003, 0.624, 0.011)),
    Backbone("ResNet18", "BA-PIAA", _both(0.524, 0.004, 0.583, 0.006)),
    Backbone("ResNet18", "BLG-PIAA", _both(0.561, 0.005, 0.669, 0.013)),
    Backbone("Inception-v3", "BA-PIAA", _both(0.519, 0.004, 0.576, 0.009)),
    Backbone("Inception-v3", "BLG-PIAA", _both(0.548, 0.006, 0.651, 0.016)),
)
