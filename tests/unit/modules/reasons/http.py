"""Examples of `http` that are not run."""

NOT_RUN = {
    "http.query": "no server listens where the examples ask",
    "http.wait_for_successful_query": "no server listens where the example asks",
}
