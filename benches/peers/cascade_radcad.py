"""The NumPy scan stepped by radCAD, its copies of the state switched off (its fastest setting)."""

import radcad
from radcad.engine import Backend

import cascade_numpy


def path(book, steps):
    """One path; the state after its last step."""
    depth = 2.0 * book["collateral"].sum()

    def policy(params, substep, history, previous):
        cascade_numpy.minute(previous["all"], steps[previous["timestep"]], depth)
        return {}

    def keep(params, substep, history, previous, inputs):
        return "all", previous["all"]

    model = radcad.Model(
        initial_state={"all": cascade_numpy.begin(book)},
        state_update_blocks=[{"policies": {"minute": policy}, "variables": {"all": keep}}],
        params={},
    )
    simulation = radcad.Simulation(model=model, timesteps=len(steps), runs=1)
    simulation.engine = radcad.Engine(
        backend=Backend.SINGLE_PROCESS, deepcopy=False, drop_substeps=True
    )
    return simulation.run()[-1]["all"]
