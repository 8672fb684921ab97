"""Codes of training and evaluating supernets."""

from __future__ import annotations

from spacelang.report.codes.entry import Code

CODES: tuple[Code, ...] = (
    Code(
        "SP1501",
        "a hyperspace can't be trained",
        "What is trained is the supernet of one space: every stage has one block and one width list. A hyperspace "
        "holds many spaces; search for the best one, or write one out by its encoding.",
        "spacelang train specs/digits.space -o run",
        "spacelang decode specs/digits.space 555-111 -o found.space && spacelang train found.space -o run",
    ),
    Code(
        "SP1502",
        "not a training folder",
        "`spacelang train` makes a folder that holds run.json, the space, TensorBoard's logs and, once it is "
        "finished, the weights. This folder holds something else, or a file in it is missing, damaged or changed.",
        "spacelang evaluate specs",
        "spacelang evaluate run",
    ),
    Code(
        "SP1503",
        "a training that was started with other inputs",
        "An interrupted training continues to the result that it would have reached without the interruption. So the "
        "networks of the space, its `train` section, the images and the version of spacelang must be those that it "
        "started with. Names, targets and search settings may differ.",
    ),
    Code(
        "SP1504",
        "the training is not finished",
        "There are no weights to evaluate before the last epoch. `spacelang train` with the same folder continues "
        "from the last checkpoint.",
    ),
    Code(
        "SP1505",
        "a batch that processes can't share",
        "The batch of the `train` section is that of all processes together, so that their number doesn't change what "
        "is trained. Each gets an equal part of it.",
        "torchrun --nproc-per-node 3 -m spacelang.cli train found.space -o run",
        "torchrun --nproc-per-node 2 -m spacelang.cli train found.space -o run",
    ),
    Code(
        "SP1506",
        "the training has diverged",
        "The loss is infinite or NaN, so nothing after that could be right. The learning rate is most often too "
        "large for the batch: it is written for 256 images and scaled by the batch.",
        "train { batch 2048, learning_rate 1 }",
        "train { batch 2048, learning_rate 0.1 }",
    ),
    Code(
        "SP1507",
        "the images have changed",
        "A run remembers a hash of the images that it was trained on. The images in that place are different now, so "
        "an accuracy on them couldn't be compared with the run's. With `--data` they are used anyway.",
    ),
    Code(
        "SP1508",
        "two trainings in one folder",
        "Two processes that train in the same folder would replace each other's checkpoints. So the first one locks "
        "`run.lock` in the folder until it ends, however it ends. The second one waits a few seconds for the lock.",
    ),
    Code(
        "SP1509",
        "another process has ended",
        "The processes of a training that `torchrun` started do each step together. One of them stopped with an "
        "error or was killed, so the others can't go on. Its own output says why. The same command goes on from the "
        "last checkpoint.",
    ),
    Code(
        "SP1510",
        "no weights to begin with",
        "`train --from` takes the weights of another training: a run's folder, of which it takes "
        "`supernet-fp32.safetensors`, or one of its files of weights. There are none in that place, or they are of a "
        "space that doesn't hold the networks of this one. A space or a single network fits if its stages have the "
        "same blocks and nothing is wider, deeper or larger than there; the number of classes and the resolutions may "
        "be others.",
        "spacelang train narrower.space -o run2 --from nowhere",
        "spacelang train narrower.space -o run2 --from run",
    ),
    Code(
        "SP1511",
        "the training has collapsed",
        "The loss of the largest network was far below what guessing gives, the logarithm of the number of classes, "
        "and has come back to it. A training seldom recovers from that, so it stops. The weights of the best epoch "
        "are in `best.safetensors`; a new training can begin with them, at a smaller learning rate.",
        "train { learning_rate 0.4 }",
        "train { learning_rate 0.1 }",
    ),
)
