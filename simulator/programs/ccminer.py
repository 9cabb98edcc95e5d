"""A simulated ccminer, whose API is text over a socket."""

from typing import Any, override

from .program import POOL, WALLET, SimulatedSocketProgram


class SimulatedCcminer(SimulatedSocketProgram):
    """ccminer with its API (`-b 0.0.0.0:4068`); rates in kH/s, power in mW."""

    kind = "ccminer"
    version = "2.3.1"

    @override
    def say(self, place: str) -> Any:
        cards = self.cards
        accepted, rejected = (
            sum(getattr(card, word) for card in cards)
            for word in ("accepted", "rejected")
        )
        match place:
            case "summary":
                return _record(
                    NAME="ccminer",
                    VER=self.version,
                    API="1.9",
                    ALGO=self.algorithm,
                    GPUS=len(cards),
                    KHS=f"{sum(card.rate for card in cards) / 1000:.2f}",
                    ACC=accepted,
                    REJ=rejected,
                    UPTIME=self.uptime,
                )
            case "threads":
                return "".join(
                    _record(
                        GPU=card.number,
                        BUS=card.bus,
                        CARD=card.name,
                        TEMP=f"{card.temperature}.0",
                        POWER=round(card.power * 1000),
                        FAN=card.fan,
                        RPM=card.rpm,
                        FREQ=card.core_clock,
                        MEMFREQ=card.memory_clock,
                        KHS=f"{card.rate / 1000:.2f}",
                        ACC=card.accepted,
                        REJ=card.rejected,
                    )
                    for card in cards
                )
            case "pool":
                url = f"stratum+tcp://{POOL}"
                return _record(POOL=POOL, URL=url, USER=WALLET, PING=42, STALE=0)
        return "unknown command|"


def _record(**values: Any) -> str:
    return ";".join(f"{key}={value}" for key, value in values.items()) + "|"
