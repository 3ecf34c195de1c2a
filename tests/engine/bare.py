"""A zygote on a kernel that has neither system-call filters nor Landlock."""

from worker.sandbox import confinement, zygote


def no_filter(_program: bytes) -> None:
    raise confinement.LayerMissing("no filters here")


def no_landlock() -> None:
    raise confinement.LayerMissing("no Landlock here")


if __name__ == "__main__":
    vars(confinement).update(install_filter=no_filter, give_up_files=no_landlock)
    zygote.main()
