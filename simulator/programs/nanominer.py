"""A simulated nanominer."""

from typing import Any, override

from .program import POOL, SimulatedProgram


class SimulatedNanominer(SimulatedProgram):
    """nanominer with its web port; hashrates are text, and there is no version."""

    kind = "nanominer"
    version = ""

    @override
    def say(self, place: str) -> Any:
        if place != "/stats":
            return None
        cards = self.cards
        coin: dict[str, Any] = {
            f"GPU {card.number}": _work(card.rate, card.accepted, card.rejected)
            for card in cards
        }
        coin["CurrentPool"] = POOL
        coin["Total"] = _work(
            sum(card.rate for card in cards),
            sum(card.accepted for card in cards),
            sum(card.rejected for card in cards),
        )
        return {
            "Algorithms": [{self.algorithm.title(): coin}],
            "Devices": [
                {
                    f"GPU {card.number}": {
                        "Name": card.name,
                        "Platform": "CUDA",
                        "Pci": f"{card.bus:02x}:00",
                        "Fan": card.fan,
                        "Temperature": card.temperature,
                        "Power": round(card.power, 2),
                    }
                }
                for card in cards
            ],
            "WorkTime": self.uptime,
        }


def _work(rate: float, accepted: int, rejected: int) -> dict[str, Any]:
    return {"Accepted": accepted, "Denied": rejected, "Hashrate": f"{rate:e}"}
