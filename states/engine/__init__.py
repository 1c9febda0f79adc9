"""From SLS files to a run: gathered, checked, put in order, applied.

    gather ──▶ high data ──▶ extend, exclude ──▶ chunks ──▶ graph ──▶ run
    (sls.py)   (verify.py)   (requisite_in.py)  (chunk.py) (graph.py) (run.py)

High data has Salt's shape: `{id: {state: [function, {argument: value}, …], "__sls__": …, "__env__": …}}`. Everything up
to the graph is pure; what is wrong is gathered as `Problem`s, all of them, each with its place.
"""
