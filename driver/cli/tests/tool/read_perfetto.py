"""Reads a trace with the code that Perfetto generates of its whole schema, and prints what is in it as JSON."""

import json
import sys
from collections import Counter

from google.protobuf import unknown_fields
from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as schema


def strange(message):
    """How many fields the schema does not know, in this message and those in it."""
    count = len(unknown_fields.UnknownFieldSet(message))
    for field, value in message.ListFields():
        if field.message_type:
            count += sum(strange(one) for one in (value if field.is_repeated else [value]))
    return count


trace = schema.Trace()
with open(sys.argv[1], "rb") as file:
    trace.ParseFromString(file.read())
kind = schema.TrackEvent.Type
tracks, kinds, names = {}, Counter(), Counter()
for packet in trace.packet:
    if packet.HasField("track_descriptor"):
        tracks[packet.track_descriptor.uuid] = packet.track_descriptor.name
    if packet.HasField("track_event"):
        event = packet.track_event
        assert event.track_uuid in tracks, "a track comes before its events"
        kinds[kind.Name(event.type)] += 1
        if event.type == kind.TYPE_INSTANT:
            names[event.name] += 1
print(json.dumps({"strange": strange(trace), "tracks": len(tracks), "kinds": kinds, "names": names}))
