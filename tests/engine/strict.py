"""A zygote whose children die of the first system call that their filter does not allow."""

from functools import partial

from worker import seccomp, zygote

if __name__ == "__main__":
    vars(seccomp).update(build=partial(seccomp.build, denied=seccomp.RET_KILL_PROCESS))
    zygote.main()
