"""Answers pickled requests from standard input by the C++ loader, in its own process.

A request is (directory, signature, inputs); the answer is the outputs, or an exception.
"""

import pickle
import sys

from piaa_tf.c_api.session import SavedModelSession, unoptimized_config


def main():
    sessions = {}
    while True:
        try:
            directory, key, inputs = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            if directory not in sessions:
                # The other column optimises graphs, and so does a first check.
                sessions[directory] = SavedModelSession(
                    directory, config=unoptimized_config()
                )
            answer = sessions[directory].answer(key, inputs)
        except RuntimeError as error:
            answer = error
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
