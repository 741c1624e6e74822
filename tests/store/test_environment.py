from adapterxlt.store.environment import environment, environment_changes


def test_the_environment_names_python_and_torch() -> None:
    found = environment()
    assert found["python"].startswith("3.")
    assert "torch" in found


def test_changes_name_both_versions() -> None:
    then = {"torch": "2.12", "numpy": "1", "seqeval": "1"}  # no longer used, so it does not count
    changes = environment_changes(then, {"torch": "2.13", "faiss-cpu": "1"})
    assert changes == ["faiss-cpu absent, now 1", "numpy 1, now absent", "torch 2.12, now 2.13"]
