"""Simulated streets and squares with exact truth: how right tracker and rules are, whatever the detector misses.

scenario ──simulator──▶ Recording ──camera──▶ Sights ──degradation──▶ Observations ──▶ tracker, rules ──▶ events
                            │                    │                                                          │
                            └────────────────────┴── definitions on exact positions ──▶ truth ──▶ score ◀───┘
"""
