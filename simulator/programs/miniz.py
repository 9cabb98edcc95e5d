"""A simulated miniZ."""

from typing import Any, override

from .program import POOL, SimulatedSocketProgram


class SimulatedMiniZ(SimulatedSocketProgram):
    """miniZ with its API (`--telemetry`), one JSON line over TCP; without a version."""

    kind = "miniz"
    version = ""

    @override
    def say(self, place: str) -> Any:
        if place != "getstat":
            return {"id": "0", "method": place, "error": "unknown method"}
        started = int(self.clock()) - self.uptime
        return {
            "id": "0",
            "method": place,
            "error": None,
            "start_time": started,
            "current_server": POOL,
            "server_latency": 42,
            "result": [
                {
                    "gpuid": card.number,
                    "cudaid": card.number,
                    "busid": f"0000:{card.bus:02x}:00.0",
                    "name": card.name,
                    "gpu_status": 2,
                    "temperature": card.temperature,
                    "gpu_fan_speed": card.fan,
                    "gpu_power_usage": round(card.power, 1),
                    "gpu_clock_core_max": card.core_clock,
                    "gpu_clock_memory": card.memory_clock,
                    "speed_sps": card.rate,
                    "accepted_shares": card.accepted,
                    "rejected_shares": card.rejected,
                    "start_time": started,
                }
                for card in self.cards
            ],
        }
