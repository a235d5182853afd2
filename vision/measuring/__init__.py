"""Measuring: figures of every line, zone and lane of a camera, interval by interval, without a rule to be written.

intervals.py     which interval of the wall clock is it, and how much of it was really watched
sums.py          what is summed up in an interval; sums of intervals can be added
meter.py         what measures one thing
line_flow.py     figures of a line: volume, flow, speeds, headways
zone_use.py      figures of a zone or lane: occupancy, people, density, queue
movement_flow.py figures of a movement: who went from which line to which
heat_map.py      where in the picture time was spent
queue_length.py  who stands in a queue
stretch.py       how long and how large a zone is on the ground
service.py       levels of service
measure.py       all of these for one camera

Terms and formulas: docs/measurements.md.
"""
