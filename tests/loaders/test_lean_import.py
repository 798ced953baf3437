"""Great Expectations comes without what no gate needs, and leaves that to others as it was."""

import subprocess
import sys
import textwrap


def run(script: str) -> None:
    """Run a script in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_clients_of_object_stores_are_neither_imported_nor_kept_from_others() -> None:
    run(
        """
        import gc, sys
        from loaders.checks import lean_import
        lean_import.preload()
        lean_import.preload()
        lean_import.import_great_expectations()
        assert "great_expectations" in sys.modules
        assert not {"boto3", "botocore", "azure", "psycopg2"} & sys.modules.keys()
        assert not any("Lean" in type(finder).__name__ for finder in sys.meta_path)
        assert gc.isenabled()
        import psycopg2
        # What was deferred is itself when somebody wants it.
        from scipy import stats
        assert stats.norm.cdf(0) == 0.5
        """
    )


def test_an_import_that_fails_says_so_where_a_gate_wants_it() -> None:
    run(
        """
        import sys, threading
        sys.modules["ruamel"] = None
        from loaders.checks import lean_import
        lean_import.preload()
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join()
        try:
            lean_import.import_great_expectations()
        except ImportError as error:
            assert "ruamel" in str(error)
        else:
            raise AssertionError("nothing was said")
        """
    )
