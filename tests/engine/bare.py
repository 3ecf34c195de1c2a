"""A zygote on a kernel that has neither system-call filters nor Landlock."""

from worker.sandbox import landlock, seccomp, zygote


def no_filter(_program: bytes) -> None:
    raise seccomp.SeccompMissing("no filters here")


def no_landlock() -> int:
    raise landlock.LandlockMissing("no Landlock here")


if __name__ == "__main__":
    vars(seccomp).update(install=no_filter)
    vars(landlock).update(give_up_files=no_landlock)
    zygote.main()
