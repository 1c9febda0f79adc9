"""Examples of `event` that are not run."""

NOT_RUN = {"event.send": "an event that was sent has been heard"}
