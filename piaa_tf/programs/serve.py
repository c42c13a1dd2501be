r"""Serves SavedModels over gRPC and REST, with the flags of tensorflow_model_server.

    piaa-serve --model_name=aesthetics --model_base_path=exports/aesthetics \
        --rest_api_port=8501

Any client of TensorFlow Serving can talk to it. New versions below the base path are
loaded as they appear; the old one serves until then. It listens on this machine alone
unless --host says otherwise, and ends with Ctrl-C or SIGTERM after the requests that
are under way, within --grace_seconds and one second. It is up after the seconds that
loading and warming the models take.
"""

from __future__ import annotations

from piaa_tf.programs.shared import program
from serving.server.options import ServerOptions


def run(options: ServerOptions) -> None:
    """Serves until it is told to end."""
    import gc
    import os
    import signal

    from absl import logging

    from serving.server.preflight import check_place

    check_place(options)

    from serving.server import Server

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A full collection of all that TensorFlow imports takes a third of a second, in
    # which nobody is answered.
    gc.freeze()
    server = Server(options)
    has_ended = True
    try:
        server.start()
        logging.info("ready; Ctrl-C or SIGTERM ends it")
        server.wait()
    except KeyboardInterrupt:
        logging.info("ending after the requests under way")
    finally:
        has_ended = server.stop()
    if not has_ended:
        # Python would wait for their threads.
        logging.warning("ended before the work under way")
        logging.flush()
        os._exit(0)


def main() -> None:
    """Runs the console program."""
    program.start(ServerOptions, run, __doc__, loads_tensorflow=False)


if __name__ == "__main__":
    main()
