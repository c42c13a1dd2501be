"""Meta-training written out: gradients by TensorFlow, all else in numpy, one by one."""

import numpy as np
import tensorflow as tf

from piaa_tf.data.samples import PersonalRatings
from piaa_tf.data.tasks import TaskSampler
from piaa_tf.models.layers.dropout import StatelessDropout, dropout_key
from piaa_tf.ratings import RatingRange
from piaa_tf.training.meta.bilevel import MetaTraining
from piaa_tf.training.meta.episode import Network
from piaa_tf.training.meta.replica_local import replica_local
from piaa_tf.training.meta.task_stream import TaskStream

SIZE = 6


def write_ratings(folder, counts, seed=0):
    """Users u0, u1, ... with so many ratings each, of small noisy images."""
    random = np.random.default_rng(seed)
    folder.mkdir(exist_ok=True)
    pixels = random.integers(0, 256, [max(counts), SIZE, SIZE, 3], dtype=np.uint8)
    for i, image in enumerate(pixels):
        png = tf.io.encode_png(image).numpy()
        (folder / f"{i}.png").write_bytes(png)
    rows = [(f"u{u}", f"{i}.png") for u, n in enumerate(counts) for i in range(n)]
    users, images = zip(*rows)
    ratings = random.uniform(1, 5, len(rows)).astype(np.float32)
    return PersonalRatings(folder, images, users, ratings, RatingRange(1, 5))


def stream_of(ratings, **changed):
    options = {"num_tasks": 4, "num_support": 6, "num_query": 3, "seed": 5, **changed}
    return TaskStream(ratings, TaskSampler(ratings.users, **options), SIZE)


def build_network(dtype="float64", dropout=0.0, seed=7):
    """Convolution, batch norm, dense, dropout; a head with a sigmoid."""
    initial = tf.keras.initializers.GlorotUniform
    image = tf.keras.Input([SIZE, SIZE, 3], name="image", dtype=dtype)
    x = tf.keras.layers.Rescaling(1 / 255, dtype=dtype, name="scaled")(image)
    # No bias before batch norm: its gradient is rounding, which Adam would blow up.
    x = tf.keras.layers.Conv2D(
        3,
        3,
        use_bias=False,
        kernel_initializer=initial(seed),
        name="conv",
        dtype=dtype,
    )(x)
    x = tf.keras.layers.BatchNormalization(name="norm", momentum=0.9, dtype=dtype)(x)
    x = tf.keras.layers.Flatten(name="flat", dtype=dtype)(x)
    x = tf.keras.layers.Dense(
        4, "tanh", kernel_initializer=initial(seed + 1), name="deep", dtype=dtype
    )(x)
    x = StatelessDropout(dropout, name="drop", dtype=dtype)(x)
    body = tf.keras.Model(image, x, name="body")
    head = tf.keras.layers.Dense(
        1, "sigmoid", kernel_initializer=initial(seed + 2), name="score", dtype=dtype
    )
    head.build([None, 4])
    return Network(body, head, backbone=body.get_layer("conv").trainable_variables)


def train(stream, options, *, num_steps=3, strategy=None, first_step=0, **network):
    """Runs the real thing; returns the network and the trainer."""
    strategy = strategy or tf.distribute.OneDeviceStrategy("/CPU:0")
    with strategy.scope(), replica_local():
        built = build_network(**network)
    training = MetaTraining(
        built,
        options,
        strategy=strategy,
        num_steps=num_steps,
        steps_per_epoch=stream.sampler.steps_per_epoch,
    )
    tasks = iter(stream.distributed(options.levels, strategy, first_step=first_step))
    values = training.run(
        tasks, tf.constant(first_step), tf.constant(num_steps - first_step)
    )
    return built, training, values


def weights_of(network):
    return [*network.body.get_weights(), *network.head.get_weights()]


class Reference:
    """theta as a dict of numpy arrays by variable name, on a network of its own."""

    def __init__(self, options, **network):
        self.options = options
        self.network = build_network(**network)
        self.is_training = options.batch_norm != "frozen"
        variables = [*self.network.body.variables, *self.network.head.variables]
        self.variables = {v.name: v for v in variables}
        head = [v.name for v in self.network.head.trainable_variables]
        body = [v.name for v in self.network.body.trainable_variables]
        self.adapted = head if options.scope == "head" else [*body, *head]
        self.body = body if options.scope == "head" else []
        self.statistics = [v.name for v in self.network.body.non_trainable_variables]
        backbone = {v.name for v in self.network.backbone}
        self.rate = {
            name: options.inner_rate
            * (options.backbone_rate_ratio if name in backbone else 1.0)
            for name in self.variables
        }
        self.theta = {name: v.numpy() for name, v in self.variables.items()}
        self.moments, self.seen = None, 0
        self.outer, self.outer_seen = None, 0

    def put(self, theta):
        for name, value in theta.items():
            self.variables[name].assign(value)

    def gradient(self, names, image, rating, key=None):
        wanted = [self.variables[name] for name in names]
        with tf.GradientTape() as tape:
            with dropout_key([0, 0] if key is None else key):
                deep = self.network.body(
                    tf.cast(image, tf.float64), training=self.is_training
                )
            score = self.network.head(deep)[:, 0]
            loss = tf.reduce_mean((score - tf.cast(rating, score.dtype)) ** 2)
        gradients = tape.gradient(loss, wanted)
        return {n: g.numpy() for n, g in zip(names, gradients)}, float(loss)

    def adam_step(self, gradients):
        """The fast weights' step, on the variables themselves."""
        self.seen += 1
        for name, g in gradients.items():
            m, v = self.moments.get(name, (0.0, 0.0))
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            self.moments[name] = m, v
            m_hat, v_hat = m / (1 - 0.9**self.seen), v / (1 - 0.999**self.seen)
            new = self.variables[name].numpy() - self.rate[name] * m_hat / (
                np.sqrt(v_hat) + 1e-8
            )
            self.variables[name].assign(new)

    def fresh(self):
        self.moments, self.seen = {}, 0

    def adapt(self, task, first, last, key=None):
        splits, rows = task["batch_splits"], task["batch_rows"]
        for step in range(first, last):
            batch = rows[splits[step] : splits[step + 1]]
            fold = tf.random.experimental.stateless_fold_in
            gradients, _ = self.gradient(
                self.adapted,
                task["image"][batch],
                task["rating"][batch],
                None if key is None else fold(key, step),
            )
            self.adam_step(gradients)

    def query(self, task, names):
        n = task["num_support"]
        return self.gradient(names, task["image"][n:], task["rating"][n:])[0]

    def differences(self, names):
        return {n: self.theta[n] - self.variables[n].numpy() for n in names}

    def outer_adam(self, gradients, rates):
        self.outer = self.outer or {}
        self.outer_seen += 1
        t = self.outer_seen
        for name, g in gradients.items():
            m, v = self.outer.get(name, (0.0, 0.0))
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            self.outer[name] = m, v
            self.theta[name] = self.theta[name] - rates[name] * (m / (1 - 0.9**t)) / (
                np.sqrt(v / (1 - 0.999**t)) + 1e-8
            )

    def weights(self):
        self.put(self.theta)
        return weights_of(self.network)


def tasks_of(stream, options, num_steps):
    """The elements of each meta-step, as numpy."""
    count = stream.sampler.num_tasks
    elements = stream.tasks(options.levels).take(num_steps * count)
    flat = list(elements.as_numpy_iterator())
    return [flat[i * count : (i + 1) * count] for i in range(num_steps)]


def blg(stream, options, num_steps=3, **network):
    """The slides' loop, line by line."""
    own = Reference(options, **network)
    first_rate = own.rate
    moved = own.adapted + (own.statistics if options.batch_norm == "meta" else [])
    own.fresh()
    for step, tasks in enumerate(tasks_of(stream, options, num_steps)):
        epoch = step // stream.sampler.steps_per_epoch
        own.rate = {
            name: rate * options.decay**epoch for name, rate in first_rate.items()
        }
        beta = options.outer_rate
        if options.outer_schedule == "linear":
            beta *= 1 - step / num_steps
        s = options.inner_steps
        theta_i, body = [], dict.fromkeys(own.body, 0.0)
        for task in tasks:
            own.put(own.theta)
            key = tf.random.experimental.stateless_fold_in(
                [options.seed, step], task["number"]
            )
            if options.adam != "kept":
                own.fresh()
            own.adapt(task, 0, s, key)
            if own.body:
                for name, g in own.query(task, own.body).items():
                    body[name] = body[name] + g
            if options.adam == "fresh":
                own.fresh()
            own.adapt(task, s, 2 * s, key)
            theta_i.append({name: own.variables[name].numpy() for name in moved})
        theta = dict(own.theta)
        if options.update == "sum":
            for name in moved:
                total = sum(theta[name] - one[name] for one in theta_i)
                own.theta[name] = theta[name] - beta * total
        else:
            for one in theta_i:
                for name in moved:
                    own.theta[name] = own.theta[name] - beta * (
                        own.theta[name] - one[name]
                    )
        if own.body:
            own.outer_adam(body, dict.fromkeys(own.body, options.body_rate))
    return own.weights()
